// Images that cannot be pulled everywhere, made here under the names that Dockerfile and compose.yml use:
// Debian by debootstrap, from apt's own mirror, and what the registries of programs have on top of it.

import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../run.ts";
import type { Engine } from "./engine.ts";

export const debianImage = "docker.io/library/debian:bookworm-slim";
export const bunImage = `docker.io/oven/bun:${Bun.version}-slim`;

const suite = "bookworm";
const bootstrapMs = 600_000;
/** Programs in an image trust what this machine trusts: its network may have its own authority. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** A Dockerfile, and files by their names in its context. */
export interface StandIn {
  readonly image: string;
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, string>>;
}

const bun: StandIn = {
  image: bunImage,
  dockerfile: `FROM ${debianImage}
COPY bun /usr/local/bin/bun
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
`,
  files: { bun: process.execPath, "ca-certificates.crt": certificates },
};

/** The images that the Dockerfile is made from. */
export async function ensureBaseImages(engine: Engine): Promise<void> {
  await ensureDebian(engine);
  await ensureStandIn(engine, bun);
}

/** Debian 12 as debootstrap's smallest variant has it; fetched once. */
export async function ensureDebian(engine: Engine): Promise<void> {
  if (await engine.hasImage(debianImage)) return;
  const archive = join(engine.folder, `${suite}.tar`);
  if (!existsSync(archive)) await bootstrap(engine, archive);
  await engine.podman("import", archive, debianImage);
}

export async function ensureStandIn(engine: Engine, standIn: StandIn): Promise<void> {
  const { image, dockerfile, files = {} } = standIn;
  if (await engine.hasImage(image)) return;
  const context = await mkdtemp(join(engine.folder, "context-"));
  try {
    for (const [name, path] of Object.entries(files)) await copyFile(path, join(context, name));
    await Bun.write(join(context, "Dockerfile"), dockerfile);
    await engine.build("--pull=never", "--tag", image, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function bootstrap(engine: Engine, archive: string): Promise<void> {
  const target = join(engine.folder, "debian");
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const env = engine.env;
  const made = await run(["debootstrap", "--variant=minbase", suite, target], {
    env,
    timeoutMs: bootstrapMs,
  });
  if (made.code !== 0) throw new Error(`Cannot make Debian: ${made.output.slice(-2000)}`);
  const packed = await run(
    ["tar", "--create", "--file", `${archive}.part`, "--directory", target]
      .concat(["--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*"])
      .concat(["--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "."]),
    { timeoutMs: bootstrapMs },
  );
  if (packed.code !== 0) throw new Error(`Cannot pack Debian: ${packed.output.slice(-2000)}`);
  await run(["mv", `${archive}.part`, archive], { timeoutMs: 10_000 });
  await rm(target, { recursive: true, force: true });
}
