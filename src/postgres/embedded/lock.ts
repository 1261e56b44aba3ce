/**
 * One gateway per data directory. The lock is a file with its owner's pid and start time: after
 * `kill -9` the owner is dead, and the next gateway takes over the lock.
 *
 * PostgreSQL protects its own files. This lock protects two gateways from each other: the first to stop
 * would stop the server under the other.
 */

import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../error-code.ts";
import { EmbeddedError, unwritable } from "./error.ts";
import { processIdentity } from "./process.ts";

/** Long enough for another gateway that saw the same dead owner to have renamed its claim. */
const takeoverSettleMs = 100;

/** Takes the lock and returns its release; throws `in_use` when another running gateway has it. */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, "sluice.lock");
  const identity = await processIdentity(process.pid);
  const mine = `${process.pid}\n${identity ?? ""}\n${crypto.randomUUID()}\n`;
  const claim = `${path}.${crypto.randomUUID()}`;
  try {
    // A link appears with its content at once, so that half a lock is never read.
    await writeFile(claim, mine, { mode: 0o644, flag: "wx" });
    if (!(await linked(claim, path))) {
      await refuseRunningOwner(dataDir, path);
      await rename(claim, path);
      await sleep(takeoverSettleMs);
      if ((await readFile(path, "utf8")) !== mine) await refuseRunningOwner(dataDir, path);
    }
  } catch (error) {
    throw error instanceof EmbeddedError
      ? error
      : unwritable("lock the data directory", dataDir, error);
  } finally {
    // A claim that cannot be removed does no harm.
    await rm(claim, { force: true }).catch(() => undefined);
  }
  return async () => {
    const current = await readFile(path, "utf8").catch(() => undefined);
    if (current === mine) await rm(path, { force: true });
  };
}

async function linked(claim: string, path: string): Promise<boolean> {
  try {
    await link(claim, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function refuseRunningOwner(dataDir: string, path: string): Promise<void> {
  const [pid, identity] = (await readFile(path, "utf8").catch(() => "")).split("\n");
  if (pid === undefined || !/^\d+$/.test(pid)) return;
  if ((await processIdentity(Number(pid))) !== identity) return;
  const owner = Number(pid) === process.pid ? "this process" : `the gateway with pid ${pid}`;
  throw new EmbeddedError(
    "in_use",
    `Cannot use data directory "${dataDir}": ${owner} has it, expected that one stopped, or another SLUICE_DATA_DIR`,
  );
}
