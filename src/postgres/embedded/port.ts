/** Ports on loopback, the only address where the embedded PostgreSQL listens. */

import { createServer } from "node:net";
import { errorCode } from "../error-code.ts";

export const loopback = "127.0.0.1";

/**
 * A free port, below those that systems assign to outgoing connections. Among those, a client that
 * reconnects to a dead server could be assigned the server's own port, connect to itself and keep it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) =>
      errorCode(error) === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    server.listen(port, loopback, () => server.close(() => resolve(true)));
  });
}
