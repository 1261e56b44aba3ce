/** The ports that the processes share, found by their parent before the first of them starts. */

import { createServer } from "node:net";

/**
 * The port, or a free one for 0. It is bound for a moment without sharing, which fails where anybody has
 * it: two gateways that both share would each get a part of the other's connections.
 */
export function findPort(hostname: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: hostname, port, exclusive: true, reusePort: false }, () => {
      const address = server.address();
      const found = typeof address === "object" && address !== null ? address.port : port;
      server.close((error) => (error === undefined ? resolve(found) : reject(error)));
    });
  });
}
