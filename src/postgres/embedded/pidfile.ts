/** `postmaster.pid`: PostgreSQL writes there which process serves a data directory, its port and its status. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly status: "starting" | "ready" | "stopping" | "standby";
}

const statuses = ["starting", "ready", "stopping", "standby"] as const;

/** Undefined when it does not exist, or is incomplete: it is written line by line. */
export async function readPidFile(directory: string): Promise<PidFile | undefined> {
  const text = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  return parsePidFile(text);
}

/** Lines by number: pid, data directory, start time, port, socket directory, address, shared memory, status. */
export function parsePidFile(text: string): PidFile | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !Number.isSafeInteger(port)) return undefined;
  return { pid, port, status: statuses.find((status) => status === lines[7]) ?? "starting" };
}
