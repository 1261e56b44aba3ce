/** The embedded PostgreSQL of a gateway. */

import { join } from "node:path";
import { readPidFile } from "../../src/postgres/embedded/pidfile.ts";

/** Its pid. Throws if it does not run, because a signal to pid 0 would reach this process group. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const file = await readPidFile(join(dataDir, "postgres"));
  if (file === undefined) throw new Error(`No PostgreSQL serves ${dataDir}`);
  return file.pid;
}
