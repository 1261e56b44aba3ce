/** Runs the compiler's binary, `buf`, which needs no network for a build. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { Failure } from "../../../core/failure.ts";
import { endingWithParent } from "./leftovers.ts";
import { withinLimits } from "./process-limits.ts";

/** The rest of a longer report is dropped. */
const reportBytesMax = 256 * 1024;

export interface Ended {
  /** Exit code; undefined when the process was killed after the deadline. */
  readonly code: number | undefined;
  /** Its standard error, up to a bound. */
  readonly report: string;
}

/** Platforms that the package names differently from the runtimes. */
const otherNames: Readonly<Record<string, string>> = {
  "linux-arm64": "linux-aarch64",
  "linux-arm": "linux-armv7",
};

const require = createRequire(import.meta.url);
let binary: string | undefined;

/** Throws `unavailable` where this platform has no binary. */
export async function runBuf(args: readonly string[], folder: string, ms: number): Promise<Ended> {
  binary ??= bufBinary();
  const before = [...(await endingWithParent()), ...(await withinLimits(ms))];
  const [file = binary, ...words] = [...before, binary, ...args];
  const child = spawn(file, words, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      // Not the gateway's environment: it has secrets, and perhaps a developer's settings of buf.
      HOME: folder,
      BUF_CACHE_DIR: folder,
      // It would load all certificates at its start, and connects to nothing.
      SSL_CERT_DIR: folder,
      SSL_CERT_FILE: "/dev/null",
      GOMAXPROCS: "2",
      GOMEMLIMIT: "512MiB",
    },
  });
  const chunks: Buffer[] = [];
  let length = 0;
  child.stderr.on("data", (chunk: Buffer) => {
    // Reading continues past the bound: a full pipe would block the process.
    if (length < reportBytesMax) chunks.push(chunk.subarray(0, reportBytesMax - length));
    length += chunk.length;
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, ms);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit) => resolve(exit ?? -1));
    });
    return { code: isLate ? undefined : code, report: Buffer.concat(chunks).toString() };
  } catch (error) {
    throw new Failure("unavailable", "Cannot compile the schema: the compiler does not start", {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Not the npm package's command: that is a script, which does not forward signals to the binary. */
function bufBinary(): string {
  const { platform, arch } = process;
  const name = otherNames[`${platform}-${arch}`] ?? `${platform}-${arch}`;
  const file = platform === "win32" ? "buf.exe" : "buf";
  // A single executable has no packages: there it is a file of the folder beside it.
  const beside = join(dirname(process.execPath), "lib", file);
  if (existsSync(beside)) return beside;
  try {
    // The platform's package is a dependency of that one, and may not be resolvable from here.
    const { resolve } = createRequire(require.resolve("@bufbuild/buf/package.json"));
    return resolve(`@bufbuild/buf-${name}/bin/${file}`);
  } catch (error) {
    throw new Failure(
      "unavailable",
      `Cannot compile the schema: there is no compiler for ${name} here, expected the program ${file} of @bufbuild/buf at "${beside}", or a descriptor set instead of text`,
      { cause: error },
    );
  }
}
