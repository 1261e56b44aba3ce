/** Runs the compiler's binary: `buf`, which needs no network for what it does here. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import { Failure } from "../../../core/failure.ts";

/** A report beyond it is of no more use to anybody. */
const reportBytesMax = 256 * 1024;

export interface Ended {
  /** Undefined: it was killed because the time was up. */
  readonly code: number | undefined;
  /** What it wrote to standard error, up to a bound. */
  readonly report: string;
}

/** Where the package's name for a platform is not that of the runtimes. */
const otherNames: Readonly<Record<string, string>> = {
  "linux-arm64": "linux-aarch64",
  "linux-arm": "linux-armv7",
};

const require = createRequire(import.meta.url);
let binary: string | undefined;

/** Throws `unavailable` where this platform has no binary. */
export async function runBuf(args: readonly string[], folder: string, ms: number): Promise<Ended> {
  binary ??= bufBinary();
  const child = spawn(binary, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      // Nothing of ours: neither settings of a developer's own buf, nor the gateway's secrets.
      HOME: folder,
      BUF_CACHE_DIR: folder,
      // It loads all certificates at its start, and talks to nobody.
      SSL_CERT_DIR: folder,
      SSL_CERT_FILE: "/dev/null",
      GOMAXPROCS: "2",
      GOMEMLIMIT: "512MiB",
    },
  });
  const parts: Buffer[] = [];
  let length = 0;
  child.stderr.on("data", (part: Buffer) => {
    // Read on past the bound: a full pipe would stop it.
    if (length < reportBytesMax) parts.push(part.subarray(0, reportBytesMax - length));
    length += part.length;
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, ms);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit) => resolve(exit ?? -1));
    });
    return { code: late ? undefined : code, report: Buffer.concat(parts).toString() };
  } catch (error) {
    throw new Failure("unavailable", "Cannot compile the schema: the compiler does not start", {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The npm package's own command is a script, which passes no signals on to the binary. */
function bufBinary(): string {
  const { platform, arch } = process;
  const name = otherNames[`${platform}-${arch}`] ?? `${platform}-${arch}`;
  const file = platform === "win32" ? "buf.exe" : "buf";
  try {
    // The platform's package belongs to that one, and need not be visible from here.
    const { resolve } = createRequire(require.resolve("@bufbuild/buf/package.json"));
    return resolve(`@bufbuild/buf-${name}/bin/${file}`);
  } catch (error) {
    throw new Failure(
      "unavailable",
      `Cannot compile the schema: there is no compiler for ${name} here, send a descriptor set instead`,
      { cause: error },
    );
  }
}
