/**
 * The user that PostgreSQL runs as. It refuses to run as root, so a gateway that runs as root starts it
 * as the owner of its data. New data gets the owner `postgres`, or else `nobody`: initdb needs a user
 * with a name, and these exist already.
 *
 * That user may not be able to enter the data directory or the checkout (/root is 0700). Permissions of
 * directories are not changed for that. Instead setpriv(1) gives the server the one capability it needs,
 * as an ambient capability; `no_setuid_fixup` is added because access(2), with which PostgreSQL checks
 * its own binary, ignores capabilities otherwise. The price is that the server can then read every file
 * of the machine, so this is done only where it is necessary.
 */

import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import process from "node:process";
import { errorCode } from "../error-code.ts";
import { type Binaries, unsupported } from "./binaries.ts";
import { EmbeddedError } from "./error.ts";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Launcher {
  /** The binaries' version, such as "18.4". */
  readonly version: string;
  /** Undefined when the server runs as the same user as the gateway. */
  readonly account: Account | undefined;
  /** The capability that the server was given, if it needs one. */
  readonly capability: string | undefined;
  spawn(
    file: string,
    args: readonly string[],
    stdio: StdioOptions,
    env?: NodeJS.ProcessEnv,
  ): ChildProcess;
}

export interface Ended {
  /** Null when a signal ended it or it could not be started. */
  readonly code: number | null;
  readonly output: string;
}

/** Docker gives a container dac_override but not the lesser dac_read_search. */
const capabilities = [undefined, "dac_read_search", "dac_override"] as const;

/** A real attempt: ACLs, mounts and security modules make access rights hard to predict. */
const probe = 'cd "$1" || exit 91; exec "$2" --version';
const cannotEnter = 91;
const cannotExecute = 126;

/** Finds a way to run the binaries on `dataDir`, where `cluster` is or will be. */
export async function createLauncher(
  binaries: Binaries,
  dataDir: string,
  cluster: string,
): Promise<Launcher> {
  const account = process.getuid?.() === 0 ? await accountFor(cluster) : undefined;
  let first: Ended | undefined;
  for (const capability of account === undefined ? [undefined] : capabilities) {
    const launch: Launcher["spawn"] = (file, args, stdio, env) =>
      launchAs(account, capability, file, args, stdio, env);
    const ended = await tryOut(() =>
      launch(
        "/bin/sh",
        ["-c", probe, "sh", dataDir, binaries.postgres],
        ["ignore", "pipe", "pipe"],
      ),
    );
    const version = /PostgreSQL\) (\d+\.\d+)/.exec(ended.output)?.[1];
    if (ended.code === 0 && version !== undefined) {
      return { version, account, capability, spawn: launch };
    }
    first ??= ended;
  }
  throw unlaunchable(binaries, dataDir, account, first);
}

/** A runtime may also throw at once where it may not change the user. */
async function tryOut(start: () => ChildProcess): Promise<Ended> {
  try {
    return await collect(start());
  } catch (error) {
    return { code: null, output: error instanceof Error ? error.message : String(error) };
  }
}

/** Waits for the end of a process whose output is small. */
export function collect(child: ChildProcess, signal?: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    let output = "";
    const append = (chunk: unknown) => (output += String(chunk));
    const abort = () => child.kill("SIGTERM");
    child.stdout?.on("data", append);
    child.stderr?.on("data", append);
    child.once("error", (error) => resolve({ code: null, output: error.message }));
    child.once("close", (code) => {
      signal?.removeEventListener("abort", abort);
      resolve({ code, output });
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

async function accountFor(cluster: string): Promise<Account> {
  const owner = await stat(cluster).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const accounts = (await readFile("/etc/passwd", "utf8").catch(() => ""))
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = accounts.find((fields) => fields[0] === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new EmbeddedError(
    "unsupported",
    `Cannot start the embedded PostgreSQL in "${cluster}": it does not run as root and /etc/passwd has neither "postgres" nor "nobody", expected one of them, another user than root, or DATABASE_URL`,
  );
}

/** The environment is built here: PGDATA, PGPORT and the like are not meant for this server. */
function launchAs(
  account: Account | undefined,
  capability: string | undefined,
  file: string,
  args: readonly string[],
  stdio: StdioOptions,
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const options = {
    stdio,
    cwd: "/",
    // Its own session: Ctrl-C in the gateway's terminal must not stop the server under it.
    detached: true,
    env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ...env },
  };
  if (account === undefined) return spawn(file, [...args], options);
  if (capability === undefined) return spawn(file, [...args], { ...options, ...account });
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups"];
  const rights = [
    `--inh-caps=+${capability}`,
    `--ambient-caps=+${capability}`,
    "--securebits=+no_setuid_fixup",
  ];
  return spawn("setpriv", [...ids, ...rights, "--no-new-privs", "--", file, ...args], options);
}

function unlaunchable(
  binaries: Binaries,
  dataDir: string,
  account: Account | undefined,
  ended: Ended | undefined,
): EmbeddedError {
  const who =
    account === undefined
      ? "this user"
      : `user id ${account.uid} (PostgreSQL does not run as root)`;
  const wayOut =
    "expected a place outside of private directories such as /root, setpriv(1) of util-linux, or DATABASE_URL";
  if (ended?.code === cannotEnter) {
    return new EmbeddedError(
      "unwritable",
      `Cannot enter data directory "${dataDir}" as ${who}: permission denied, ${wayOut}`,
    );
  }
  if (ended?.code === cannotExecute) {
    return new EmbeddedError(
      "unsupported",
      `Cannot execute "${binaries.postgres}" as ${who}: permission denied, ${wayOut}`,
    );
  }
  if (account !== undefined && ended?.code === null) {
    return new EmbeddedError(
      "unsupported",
      `Cannot start a process as ${who}: ${ended.output}, expected a root that may change its user (CAP_SETUID, CAP_SETGID), another user than root, or DATABASE_URL`,
    );
  }
  const lastLine = ended?.output.trim().split("\n").at(-1) ?? "";
  return unsupported(
    `${process.platform}-${process.arch}`,
    `"${binaries.postgres}" does not run (${lastLine}), expected a Linux with glibc (Alpine has musl) and the package's install script run (trustedDependencies)`,
  );
}
