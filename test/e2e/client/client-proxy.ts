/** A network that can be cut: a TCP proxy in front of a gateway, for tests of reconnecting clients. */

import { connect, createServer, type Socket } from "node:net";

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Number of connections accepted so far. */
  readonly accepted: number;
  /** Sets the target of new connections. */
  target: string;
  /** Resets all connections. */
  cut(): void;
  /** Keeps existing connections open but passes no more bytes; new connections work. */
  freeze(): void;
  /** Number of bytes passed to clients. */
  readonly bytes: number;
}

export async function startProxy(target: string): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let accepted = 0;
  let bytes = 0;
  const server = createServer((client) => {
    accepted++;
    const { hostname, port } = new URL(proxy.target);
    const gateway = connect(Number(port), hostname);
    const pair = [client, gateway] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      gateway.destroy();
    };
    for (const socket of pair) {
      socket.on("error", end);
      socket.on("close", end);
    }
    gateway.on("data", (data) => (bytes += data.byteLength));
    client.pipe(gateway);
    gateway.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy = {
    url: `http://127.0.0.1:${port}`,
    target,
    get accepted() {
      return accepted;
    },
    get bytes() {
      return bytes;
    },
    cut() {
      for (const [client, gateway] of pairs) {
        client.resetAndDestroy();
        gateway.destroy();
      }
    },
    freeze() {
      for (const [client, gateway] of pairs) {
        client.unpipe(gateway);
        gateway.unpipe(client);
        gateway.pause();
        client.pause();
      }
    },
    async [Symbol.asyncDispose]() {
      proxy.cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
