/** Answers that are large, never read, or searched for in vain: none of them stops or fills the node. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { longestWaitMs } from "../../support/bystander.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";

const waitMsMax = 500;
const mebi = 1024 * 1024;
const largeRecords = 40;
const stallMs = 2000;

let gateway: GatewayProcess;

beforeAll(async () => {
  const env = { SLUICE_STALL_MS: String(stallMs), SLUICE_SEARCH_MS_MAX: "300" };
  gateway = await startGateway({ env });
  const value = new Uint8Array(mebi - 1000);
  for (let i = 0; i < largeRecords; i++) {
    const body = value.fill(i);
    const headers = { "content-type": "application/octet-stream" };
    await ask("POST", `${gateway.url}/v1/topics/large/records`, { body, headers });
  }
}, 90_000);

afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
});

async function status() {
  return (await ask("GET", `${gateway.url}/status`)).json;
}

/** Follows `next` or `prev` to the end; the events of all pages, and how many pages there were. */
async function allPages(address: string, direction: "next" | "prev", first: string) {
  const events: { readonly position: string }[] = [];
  let pages = 0;
  let query: string | undefined = first;
  let most = 0;
  while (query !== undefined) {
    const { status: code, json, text } = await ask("GET", `${gateway.url}${address}&${query}`);
    expect(code).toBe(200);
    most = Math.max(most, text.length);
    pages++;
    events.push(...(direction === "next" ? json.events : json.events.toReversed()));
    const on: string | null = json[direction];
    query = on === null ? undefined : `${direction === "next" ? "after" : "before"}=${on}`;
  }
  return { positions: events.map(({ position }) => position), pages, most };
}

describe("a topic of large records", () => {
  test("has pages of four megabytes of them, which lead on in both directions", async () => {
    const address = "/v1/topics/large/records?limit=1000";
    const later = await allPages(address, "next", "after=earliest");
    expect(later.positions).toHaveLength(largeRecords);
    expect(later.positions).toEqual(later.positions.toSorted());
    expect(later.pages).toBe(largeRecords / 4);
    // As base64.
    expect(later.most).toBeLessThan(4 * mebi * 1.4);
    const earlier = await allPages(address, "prev", "");
    expect(earlier.positions).toEqual(later.positions.toReversed());
  }, 60_000);

  test("keeps the node's answers bounded when clients ask for all and read nothing", async () => {
    const before = await status();
    const bound = before.memory.answers.bytes_max;
    const sockets: Socket[] = [];
    const longest = await longestWaitMs(gateway.url, async () => {
      for (let i = 0; i < 60; i++) sockets.push(await silentRequest("limit=1000&after=earliest"));
      await until("their answers to be counted", 20_000, async () => {
        const { memory } = await status();
        expect(memory.answers.bytes).toBeLessThanOrEqual(bound);
        return memory.answers.bytes > 5 * 5 * mebi;
      });
      await until("clients that read nothing to be cut off", stallMs + 20_000, async () => {
        const { memory } = await status();
        return memory.answers.bytes === 0;
      });
    });
    expect(longest).toBeLessThan(waitMsMax);
    for (const socket of sockets) socket.destroy();
  }, 120_000);

  test("answers a caller that reads with the whole page, although large answers are sent in pieces", async () => {
    const { json } = await ask("GET", `${gateway.url}/v1/topics/large/records?limit=3`);
    expect(json.events).toHaveLength(3);
    const last = Buffer.from(json.events[2].data.base64, "base64");
    expect(last).toEqual(Buffer.alloc(mebi - 1000, largeRecords - 1));
  });
});

test("an emitter with large events has pages of four megabytes as well", async () => {
  await ask("PUT", `${gateway.url}/log/wide`, { body: '{"source":"external"}' });
  const event = JSON.stringify({ pad: "x".repeat(900_000) });
  for (let i = 0; i < 12; i++) await ask("POST", `${gateway.url}/log/wide`, { body: event });
  const later = await allPages("/log/wide?limit=1000", "next", "after=earliest");
  expect(later.positions).toHaveLength(12);
  expect(later.pages).toBe(3);
  const earlier = await allPages("/log/wide?limit=1000", "prev", "");
  expect(earlier.positions).toEqual(later.positions.toReversed());
}, 60_000);

describe("a key that is not in a topic of frames", () => {
  const records = 2_000_000;

  beforeAll(async () => {
    await ask("PUT", `${gateway.url}/v1/topics/tiny`, { body: '{"layout":"frames"}' });
    const publish = `${gateway.url}/sluice.v1.CollectorService/Publish`;
    // 10,000 records without a byte, in the field 1 of the request; the topic in the field 2.
    const body = Buffer.concat([
      Buffer.from("\x12\x04tiny", "latin1"),
      Buffer.alloc(20_000, "\x0a\x00"),
    ]);
    const headers = { "content-type": "application/proto" };
    const first = await ask("POST", publish, { body, headers });
    expect(first.status).toBe(200);
    for (let i = 1; i < records / 10_000; i += 10) {
      await Promise.all(Array.from({ length: 10 }, () => ask("POST", publish, { body, headers })));
    }
  }, 120_000);

  test("is searched for in slices, and the answer says where to go on", async () => {
    const address = "/v1/topics/tiny/records?key=absent";
    let pages = 0;
    const longest = await longestWaitMs(gateway.url, async () => {
      const found = await allPages(address, "next", "after=earliest");
      expect(found.positions).toEqual([]);
      pages = found.pages;
      const back = await allPages(address, "prev", "");
      expect(back.positions).toEqual([]);
      const eight = Array.from({ length: 8 }, () => ask("GET", `${gateway.url}${address}`));
      for (const { status: code } of await Promise.all(eight)) expect(code).toBe(200);
    });
    expect(pages).toBeGreaterThan(0);
    expect(longest).toBeLessThan(waitMsMax);
  }, 120_000);

  test("as a stream's tail begins where the search ended, and replays in slices", async () => {
    const longest = await longestWaitMs(gateway.url, async () => {
      for (const start of ["tail=10", "after=earliest"]) {
        const leaving = new AbortController();
        const address = `${gateway.url}/v1/topics/tiny/sse?key=absent&${start}`;
        const response = await fetch(address, { signal: leaving.signal });
        expect(response.status).toBe(200);
        const { value } = (await response.body?.getReader().read()) ?? {};
        expect(new TextDecoder().decode(value)).toStartWith(":sluice\n");
        await Bun.sleep(500);
        leaving.abort();
      }
    });
    expect(longest).toBeLessThan(waitMsMax);
    await until("their subscriptions to end", 10_000, async () => {
      return (await status()).hub.subscriptions === 0;
    });
  }, 60_000);
});

/** A request whose answer is not read. */
async function silentRequest(query: string): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  socket.write(
    `GET /v1/topics/large/records?${query} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`,
  );
  socket.pause();
  await Bun.sleep(20);
  return socket;
}
