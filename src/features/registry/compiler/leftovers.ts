/** What a killed gateway would leave behind: a running compiler, and the folder that it reads. */

import { execFile } from "node:child_process";
import { readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

/** Followed by the gateway's process id, and by what makes the name unique. */
const folderPrefix = "sluice-compile-";
/** A younger folder may be in use by a gateway of another container, whose processes are not seen here. */
const staleMs = 60_000;

const run = promisify(execFile);
let dyingWithParent: Promise<readonly string[]> | undefined;

/** Where the folders of this process's compilations are created, as `mkdtemp` takes it. */
export const workspacePrefix = join(tmpdir(), `${folderPrefix}${process.pid}-`);

/**
 * The words before a command that have the system end it with this process, however this one ends. Empty
 * where setpriv(1) of util-linux is missing: there the compiler of a killed gateway runs to its end.
 */
export function endingWithParent(): Promise<readonly string[]> {
  return (dyingWithParent ??= findSetpriv());
}

async function findSetpriv(): Promise<readonly string[]> {
  for (const file of ["/usr/bin/setpriv", "/bin/setpriv"]) {
    const words = [file, "--pdeathsig", "KILL"];
    try {
      await run(file, [...words.slice(1), "true"]);
      return words;
    } catch {
      // It does not exist, or is one that does not know the option.
    }
  }
  return [];
}

/** Removes the folders of gateways that no longer run. */
export async function removeStaleWorkspaces(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(folderPrefix))) {
    const pid = Number(name.slice(folderPrefix.length).split("-", 1)[0]);
    const folder = join(tmpdir(), name);
    // What cannot be read or removed belongs to another user, whose gateway removes it.
    const changedMs = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - changedMs < staleMs || isRunning(pid)) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
