/** Clients that send without end, or do not read, on every WebSocket: they stop nobody but themselves. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { longestWaitMs } from "../../support/bystander.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { closeFrame, openRawWs, textFrame } from "../../support/raw-ws.ts";
import { until, within } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

/** As an attack suite would have it, with room for a busy machine. */
const waitMsMax = 250;

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_STALL_MS: "1000" } });
}, 60_000);

afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
});

async function status() {
  return (await ask("GET", `${gateway.url}/status`)).json;
}

function repeated(text: string, bytes: number): Buffer {
  const frame = textFrame(text);
  return Buffer.alloc(Math.floor(bytes / frame.length) * frame.length, frame);
}

describe.each([
  ["invalid", "{}"],
  ["valid", '{"op":"ping"}'],
  ["not JSON", "x"],
])("eight megabytes of tiny messages that are %s", (_, message) => {
  test.each(["/v1/ws", "/ws/messages/flood", "/echo"])(
    "on %s end with a close code, and others do not wait",
    async (path) => {
      const flood = await openRawWs(`${gateway.wsUrl}${path}`);
      const longest = await longestWaitMs(gateway.url, async () => {
        await flood.write(repeated(message, 8 * 1024 * 1024));
        const isClosed = () => closeFrame(flood.received()) !== undefined;
        await until("the socket to be closed", 10_000, isClosed);
      });
      expect([1008, 4008, 4029]).toContain(closeFrame(flood.received())?.code ?? 0);
      expect(longest).toBeLessThan(waitMsMax);
      flood.socket.destroy();
    },
  );
});

const closedInvalid = { code: 1008, reason: "invalid: too many messages were not valid" };

test("a program that sends nothing but invalid messages is closed after a hundred, each answered", async () => {
  const client = await openWs(`${gateway.wsUrl}/v1/ws`);
  for (let ref = 1; ref <= 101; ref++) {
    client.say({ op: "nothing", ref });
    expect(await client.next()).toMatchObject({ op: "error", ref, problem: { code: "invalid" } });
  }
  expect(await client.closed).toEqual(closedInvalid);
});

test("one that sends long ones is closed after fewer", async () => {
  const client = await openWs(`${gateway.wsUrl}/v1/ws`);
  for (let n = 0; n < 7; n++) {
    client.say("[".repeat(1024 * 1024));
    expect(await client.next()).toMatchObject({ op: "error", problem: { code: "invalid" } });
  }
  expect(await client.closed).toEqual(closedInvalid);
});

test("twenty floods at once neither stop others nor take memory", async () => {
  const before = await status();
  const floods = await Promise.all(
    Array.from({ length: 20 }, () => openRawWs(`${gateway.wsUrl}/v1/ws`)),
  );
  const bytes = repeated("{}", 2 * 1024 * 1024);
  const longest = await longestWaitMs(gateway.url, async () => {
    await Promise.all(floods.map((flood) => flood.write(bytes)));
    await within(
      "all floods to end",
      20_000,
      Promise.all(
        floods.map(({ socket, over }) => {
          socket.on("end", () => socket.destroy());
          return over;
        }),
      ),
    );
  });
  expect(longest).toBeLessThan(waitMsMax);
  const after = await status();
  expect(after.memory.receiving.bytes).toBe(0);
  expect(after.sockets.open).toBe(0);
  const closed = ({ sockets }: typeof after) => sockets.closed_invalid + sockets.closed_overloaded;
  expect(closed(after) - closed(before)).toBe(20);
  expect(after.memory_bytes - before.memory_bytes).toBeLessThan(100 * 2 ** 20);
}, 60_000);

test("a client that sends pings and reads no answer is closed, and its answers are counted", async () => {
  const before = await status();
  const silent = await openRawWs(`${gateway.wsUrl}/v1/ws`, { reads: false });
  const ref = "r".repeat(100);
  const longest = await longestWaitMs(gateway.url, async () => {
    // In portions, so that it is not closed for its messages that wait.
    const portion = repeated(`{"op":"ping","ref":"${ref}"}`, 32 * 1024);
    await until("the answers to be counted", 20_000, async () => {
      silent.socket.write(portion);
      const { memory } = await status();
      return memory.answers.bytes > 0;
    });
    await until("the socket to be closed", 20_000, async () => {
      const { sockets } = await status();
      return sockets.closed_slow > before.sockets.closed_slow;
    });
    // It does not read the close frame either.
    await until(
      "the connection to be cut",
      20_000,
      async () => (await status()).sockets.open === 0,
    );
  });
  expect(longest).toBeLessThan(waitMsMax);
  expect((await status()).memory.answers.bytes).toBe(0);
  silent.socket.destroy();
}, 60_000);

test("a burst of a hundred requests is answered, each under its ref", async () => {
  const client = await openWs(`${gateway.wsUrl}/v1/ws`);
  const refs = Array.from({ length: 100 }, (_, i) => i);
  for (const ref of refs) {
    client.say(ref % 3 === 0 ? { op: "nothing", ref } : { op: "ping", ref });
  }
  const answered: number[] = [];
  for (const _ of refs) answered.push((await client.next()).ref);
  expect(answered.toSorted((a, b) => a - b)).toEqual(refs);
  client.cut();
});

test("a client that reads gets back all that it sends to /echo, in order", async () => {
  const client = await openWs(`${gateway.wsUrl}/echo`);
  for (let i = 0; i < 500; i++) client.say(String(i).padEnd(2000, "."));
  for (let i = 0; i < 500; i++) {
    expect(Number.parseInt((await client.nextText()) ?? "", 10)).toBe(i);
  }
  client.cut();
});
