/** A node whose file descriptors are used up by clients: it goes on serving, idles, and recovers. */

import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { cpuSeconds } from "../../../bench/proc.ts";
import { startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { openSse } from "../../support/sse-socket.ts";
import { pause, until } from "../../support/until.ts";

const main = join(import.meta.dir, "../../../src/main.ts");
const descriptors = 400;

test("past nearly all descriptors no connection is accepted; those that are open are served", async () => {
  const gateway = await startGateway({
    command: [
      "sh",
      "-c",
      `ulimit -n ${descriptors} && exec "$0" "$1" serve`,
      process.execPath,
      main,
    ],
  });
  const { url, grpcUrl, pid } = gateway;
  await ask("PUT", `${url}/log/full`, { body: '{"source":"external"}' });
  const stream = await openSse(`${url}/sse/log/full`);
  const sockets: Socket[] = [];
  const open = (port: string) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
  };
  // Half a head keeps a connection from being closed as idle.
  for (let i = 0; i < 300; i++) {
    open(new URL(url).port);
    sockets.at(-1)?.write("GET / HTTP/1.1\r\n");
    if (i % 20 === 0) await pause(20);
  }
  for (let i = 0; i < 300; i++) {
    open(new URL(grpcUrl).port);
    if (i % 20 === 0) await pause(20);
  }
  await until("the log to say so", 10_000, () =>
    gateway.log().includes("file descriptors are nearly used up; accepting no more connections"),
  );
  await pause(500);
  const before = cpuSeconds(pid) ?? 0;
  await pause(2000);
  // A process that spins takes two seconds of them.
  expect((cpuSeconds(pid) ?? 0) - before).toBeLessThan(1);
  for (const socket of sockets) socket.destroy();
  await until("connections to be accepted again", 20_000, async () => {
    return (await ask("GET", `${url}/livez`).catch(() => undefined))?.status === 200;
  });
  expect((await post(`${url}/log/full`, { n: 1 })).status).toBe(200);
  expect((await stream.take(1)).map(({ data }) => data)).toEqual(['{"n":1}']);
  const { connections } = (await ask("GET", `${url}/status`)).json;
  expect(connections).toMatchObject({ open_files_max: descriptors, accepting: true });
  expect(connections.stops).toBeGreaterThan(0);
  stream.close();
  expect(await gateway.stop()).toBe(0);
}, 90_000);
