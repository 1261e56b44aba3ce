// compose.yml by podman-compose, in the engine's own configuration.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root } from "../install.ts";
import { run, type RunResult } from "../run.ts";
import type { Engine } from "./engine.ts";

const release = "podman-compose==1.6.0";
const fileMs = 600_000;
/** What a process may have where the system's own bounds cannot be raised. */
const ulimits = { nofile: { soft: 20_000, hard: 20_000 }, nproc: { soft: 10_000, hard: 10_000 } };

export interface Compose {
  /** Name of the container of a service. */
  container(service: string): string;
  /** Runs podman-compose with these arguments; throws with its output where it fails. */
  run(...args: string[]): Promise<string>;
}

export interface ComposeOptions {
  readonly project: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Installs podman-compose where it is missing, and makes the secrets. */
export async function openCompose(
  engine: Engine,
  { project, env }: ComposeOptions,
): Promise<Compose> {
  const program = await installCompose(engine);
  succeeded(await run(["sh", join(root, "deploy/compose/secrets.sh")], { timeoutMs: fileMs }));
  const file = join(root, "compose.yml");
  const { services } = parse(await Bun.file(file).text()) as { services: Record<string, unknown> };
  const bounded = Object.keys(services).map((name) => [name, { ulimits }] as const);
  const override = join(engine.folder, "compose-override.json");
  await Bun.write(override, JSON.stringify({ services: Object.fromEntries(bounded) }));
  const command = [program, "--project-name", project, "--file", file, "--file", override];
  return {
    container: (service) => `${project}_${service}_1`,
    run: async (...args) =>
      succeeded(
        await run([...command, ...args], { env: { ...engine.env, ...env }, timeoutMs: fileMs }),
      ),
  };
}

async function installCompose(engine: Engine): Promise<string> {
  const folder = join(engine.folder, "podman-compose");
  const program = join(folder, "bin/podman-compose");
  if (existsSync(program)) return program;
  succeeded(await run(["python3", "-m", "venv", folder], { timeoutMs: fileMs }));
  const pip = [join(folder, "bin/python"), "-m", "pip", "install", "--quiet", release];
  succeeded(await run(pip, { timeoutMs: fileMs }));
  return program;
}

function succeeded({ code, output }: RunResult): string {
  if (code !== 0) throw new Error(`It ended with ${code}: ${output.slice(-4000)}`);
  return output;
}
