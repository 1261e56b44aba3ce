/** Whether what listens at an address is a PostgreSQL that lets this node in. */

import { connect as connectSocket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { connect, type DatabaseAddress } from "./connect.ts";
import { withDeadline } from "./deadline.ts";
import { storeFailure } from "./error.ts";
import { sslOptions } from "./tls.ts";

/** A server that is there answers in milliseconds; one across the world, on a busy machine, in a second. */
const answerMs = 5_000;

/**
 * Resolves once it has answered a statement. Throws `unavailable` where it may do so later. Another kind of
 * server waits for more bytes, or sends some that mean nothing here: only a deadline ends that.
 */
export async function probe(address: DatabaseAddress, clock: Clock): Promise<void> {
  if (sslOptions(address.url, address.tls).ssl !== undefined) await requireTls(address.url);
  const sql = connect(address, { max: 1, session: { application_name: "sluice start" } });
  const late = () =>
    new Failure("unavailable", `it did not answer as PostgreSQL does within ${answerMs} ms`);
  try {
    await withDeadline(clock, sql`select 1`, answerMs, late, storeFailure);
  } finally {
    // The connection may never end on its own.
    void sql.end({ timeout: 0 }).catch(() => {});
  }
}

/** PostgreSQL's `SSLRequest`: its length, and a number that is no version of the protocol. */
const sslRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Throws `invalid` for a server that refuses TLS: the library would begin a handshake all the same, and
 * report a lost connection. What else goes wrong here is found, and reported, by the statement.
 */
async function requireTls(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const answer = await new Promise<number | undefined>((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = connectSocket({ host, port: Number(port || 5432) });
    const end = (first?: number) => {
      socket.destroy();
      resolve(first);
    };
    socket.setTimeout(answerMs, () => end());
    socket.on("connect", () => socket.write(sslRequest));
    socket.on("data", ([first]: Uint8Array) => end(first));
    socket.on("error", () => end());
    socket.on("close", () => resolve(undefined));
  });
  if (answer !== "N".charCodeAt(0)) return;
  throw new Failure(
    "invalid",
    `Cannot use DATABASE_URL: the server does not offer TLS, expected one with "ssl = on", or sslmode=disable`,
  );
}
