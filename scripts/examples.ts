// Builds the consumers of `examples/` by the commands of their READMEs, and the load of `sluice bench
// collect`, into `.cache/`: downloads stay there, so each is fetched once.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.ts";
import { run } from "./run.ts";
import type { Found } from "./services.ts";

const cache = join(root, ".cache");
const fetchMs = 600_000;

export async function buildGoConsumer(): Promise<Found> {
  return await buildGo("go-consumer", "examples/go-consumer");
}

/** The load generator of `sluice bench collect`, at the path where that command builds it. */
export async function buildCollectLoader(): Promise<Found> {
  return await buildGo("sluice-collect-loader", "bench/collect/loader");
}

/** k6 with the extension of `k6/extension`. */
export async function buildK6(): Promise<Found> {
  return await buildGo("k6", "k6/extension", 20 * 60_000);
}

/** Builds the program in a folder of the project. */
async function buildGo(name: string, folder: string, timeoutMs = fetchMs): Promise<Found> {
  if (Bun.which("go") === null) return { reason: `no ${name}: there is no go to build it` };
  const path = join(cache, "bin", name);
  mkdirSync(join(cache, "bin"), { recursive: true });
  return await inTurn(
    path,
    [["go", "build", "-C", join(root, folder), "-o", path, "."]],
    timeoutMs,
  );
}

/**
 * A Python environment with the dependencies of the programs and of the examples in the documentation.
 * The generated code is in `gen/` beside `bin/`.
 */
export async function installPythonConsumer(): Promise<Found> {
  const installed = await installPython("python-consumer", [
    "examples/python-consumer/requirements.txt",
    "examples/python-quickstart/requirements.txt",
  ]);
  if ("reason" in installed) return installed;
  const python = installed.path;
  const folder = join(cache, "python-consumer");
  const gen = join(folder, "gen");
  mkdirSync(gen, { recursive: true });
  return await inTurn(python, [
    [
      ...[python, "-m", "grpc_tools.protoc", "-I", join(root, "schemas")],
      ...[`--python_out=${gen}`, `--grpc_python_out=${gen}`],
      ...["consumer", "record", "registry"].map((name) => `sluice/v1/${name}.proto`),
    ],
  ]);
}

/** A Python environment with the client libraries that tests use as their users do, and Schemathesis. */
export async function installPythonClients(): Promise<Found> {
  return await installPython("python-clients", ["test/support/python-clients.txt"]);
}

/** The interpreter of an environment with what the files require, installed again when they change. */
async function installPython(name: string, requirements: readonly string[]): Promise<Found> {
  if (Bun.which("python3") === null) return { reason: `no ${name}: there is no python3` };
  const folder = join(cache, name);
  const python = join(folder, "bin/python");
  const paths = requirements.map((path) => join(root, path));
  const expected = paths.map((path) => readFileSync(path, "utf8")).join("");
  const marker = join(folder, "installed.txt");
  if (existsSync(marker) && readFileSync(marker, "utf8") === expected) return { path: python };
  const pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const installed = await inTurn(python, [
    ["python3", "-m", "venv", "--clear", folder],
    [...pip, ...paths.flatMap((path) => ["-r", path])],
  ]);
  if ("path" in installed) await Bun.write(marker, expected);
  return installed;
}

/** The path, or the first command that failed with the last line of its output. */
async function inTurn(
  path: string,
  commands: readonly string[][],
  timeoutMs = fetchMs,
): Promise<Found> {
  for (const command of commands) {
    const { code, output } = await run(command, { timeoutMs });
    if (code === 0) continue;
    const last = output.trim().split("\n").at(-1) ?? "";
    return { reason: `${command.slice(0, 4).join(" ")} … ended with ${code}: ${last}` };
  }
  return { path };
}
