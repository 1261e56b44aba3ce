/** The PostgreSQL that a gateway runs beside itself. */

import { join } from "node:path";
import { readPidFile } from "../../src/postgres/embedded/pidfile.ts";

/** Its pid; throws where none runs: 0 would be this process and all that it has started. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const file = await readPidFile(join(dataDir, "postgres"));
  if (file === undefined) throw new Error(`No PostgreSQL serves ${dataDir}`);
  return file.pid;
}
