// Podman and buildah without root's own configuration: images, containers and settings stay in `.cache/`.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../install.ts";
import { run, type RunResult } from "../run.ts";

const programs = ["podman", "buildah", "runc", "debootstrap"];
const commandMs = 600_000;

/** Also of downloads and base images that other checkouts of this user can share. */
const folder = process.env.SLUICE_CONTAINERS_DIR ?? join(root, ".cache/containers");

export interface Engine {
  /** Where this checkout keeps what containers need. */
  readonly folder: string;
  /** The environment in which `podman` and `buildah` use this configuration. */
  readonly env: Readonly<Record<string, string>>;
  hasImage(image: string): Promise<boolean>;
  /** The output; throws with it where the command fails. */
  podman(...args: string[]): Promise<string>;
  /** Builds a Dockerfile; the arguments are those of `buildah bud`. */
  build(...args: string[]): Promise<string>;
}

/** Throws with the names of the programs that are missing. */
export async function openEngine(): Promise<Engine> {
  const path = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
  const missing = programs.filter((name) => Bun.which(name, { PATH: path }) === null);
  if (missing.length > 0) {
    throw new Error(
      `Cannot run containers: ${missing.join(", ")} not found, expected Debian's packages podman, buildah, runc, debootstrap, netavark, aardvark-dns and iptables`,
    );
  }
  mkdirSync(folder, { recursive: true });
  // crun does not start where cgroups are hybrid; runc does. A layered file system may not be there.
  await write("containers.conf", [
    "[containers]",
    'default_ulimits = ["nofile=20000:20000", "nproc=10000:10000"]',
    "[engine]",
    'runtime = "runc"',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
  ]);
  await write("storage.conf", [
    "[storage]",
    'driver = "vfs"',
    `graphroot = "${join(folder, "images")}"`,
    `runroot = "${join(folder, "run")}"`,
  ]);
  const env = {
    CONTAINERS_CONF: join(folder, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    PATH: path,
  };
  const execute = async (...command: string[]) =>
    succeeded(command, await run(command, { env, timeoutMs: commandMs }));
  return {
    folder,
    env,
    async hasImage(image) {
      const exists = ["podman", "image", "exists", image];
      return (await run(exists, { env, timeoutMs: commandMs })).code === 0;
    },
    podman: (...args) => execute("podman", ...args),
    build: (...args) =>
      // Docker's format: the other one has no health checks.
      execute(
        "buildah",
        "bud",
        "--isolation=oci",
        "--runtime=runc",
        "--format=docker",
        "--network=host",
        ...args,
      ),
  };
}

function succeeded(command: readonly string[], { code, output }: RunResult): string {
  if (code === 0) return output.trim();
  throw new Error(`${command.slice(0, 6).join(" ")} … ended with ${code}: ${output.trim()}`);
}

async function write(name: string, lines: readonly string[]): Promise<void> {
  await Bun.write(join(folder, name), `${lines.join("\n")}\n`);
}
