/** A network that breaks: each connection is cut after a number of bytes in either direction. */

import { connect, createServer, type Socket } from "node:net";
import type { Random } from "../../support/random.ts";

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** Connections that were cut so far. */
  readonly cuts: number;
  /** Cuts no further connection. */
  heal(): void;
}

/** Enough for a few requests or answers, so that a cut falls anywhere in either. */
const requestBytesMax = 6_000;
const answerBytesMax = 500;

export async function startCuttingProxy(target: string, random: Random): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  let isWell = false;
  const server = createServer((client) => {
    const { hostname, port } = new URL(target);
    const gateway = connect(Number(port), hostname);
    const pair = [client, gateway];
    const end = () => {
      for (const socket of pair) {
        open.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of pair) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
    const isRequestCut = random.chance(0.5);
    const budget = {
      request: isRequestCut ? random.int(requestBytesMax) : Infinity,
      answer: isRequestCut ? Infinity : random.int(answerBytesMax),
    };
    const pass = (way: "request" | "answer", to: Socket, data: Buffer) => {
      const passed = isWell ? data : data.subarray(0, budget[way]);
      budget[way] -= passed.byteLength;
      if (passed.byteLength === data.byteLength) {
        to.write(data);
        return;
      }
      cuts++;
      budget.request = budget.answer = 0;
      // The last bytes arrive, and then both sides lose the connection.
      to.write(passed, end);
    };
    client.on("data", (data) => pass("request", gateway, data));
    gateway.on("data", (data) => pass("answer", client, data));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    get cuts() {
      return cuts;
    },
    heal() {
      isWell = true;
      for (const socket of open) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
