/** Bodies of clients that are slow, or that stop in the middle. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { pause, until } from "../../support/until.ts";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway();
  await ask("PUT", `${gateway.url}/log/slow`, { body: '{"source":"external"}' });
}, 60_000);

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
});

interface Slow {
  /** What the gateway answered so far. */
  readonly answer: () => string;
  readonly close: () => void;
}

/** Sends `first` at once, and then a piece each second. */
function sendSlowly(head: string, first: Buffer, piece: () => string): Slow {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  let answer = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => void (answer += bytes.toString("latin1")));
  socket.write(`${head}\r\nHost: localhost\r\n\r\n`);
  socket.write(first);
  const timer = setInterval(() => socket.write(piece()), 1000);
  return {
    answer: () => answer,
    close: () => {
      clearInterval(timer);
      socket.destroy();
    },
  };
}

const append = (length: number) => `POST /log/slow HTTP/1.1\r\nContent-Length: ${length}`;
const save = (type: string) =>
  `POST /save HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: ${type}`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

test("a body that is read as a whole is given up when it is slow or pauses, lines are not", async () => {
  const large = Buffer.alloc(4_000_000, " ");
  const none = Buffer.alloc(0);
  const slow = {
    "by the byte": sendSlowly(append(100_000), none, () => " "),
    "fast, then by the byte": sendSlowly(append(4_001_000), large, () => " "),
    "fast, then nothing": sendSlowly(append(4_001_000), large, () => ""),
    "an array of measurements": sendSlowly(save("application/json"), Buffer.from(chunk("[")), () =>
      chunk(" "),
    ),
  };
  let timeNs = BigInt(Date.now()) * 1_000_000n;
  const line = () => chunk(`{"time":${++timeNs},"tag":"slow","values":[1]}\n`);
  const lines = sendSlowly(save("application/x-ndjson"), none, line);
  for (const [what, { answer, close }] of Object.entries(slow)) {
    await until(`the end of a body that comes ${what}`, 30_000, () => answer() !== "");
    expect([what, answer().split("\r\n")[0]]).toEqual([what, "HTTP/1.1 504 Gateway Timeout"]);
    expect(answer()).toContain("SLUICE_BODY_RATE_MIN");
    close();
  }
  await pause(2000);
  expect(lines.answer()).toBe("");
  await until("the lines to be stored", 10_000, async () => {
    const { json } = await ask("GET", `${gateway.url}/v1/series?prefix=slow`);
    return json.series.length === 1;
  });
  lines.close();
  const { json } = await ask("GET", `${gateway.url}/status`);
  expect(json.memory.receiving.bytes).toBe(0);
}, 60_000);
