/** Tokens that expire again and again under open streams: the client renews them, and nothing is lost. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { SignJWT } from "jose";
import { createClient, type SluiceClient, SluiceError } from "../../../src/client/index.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { pause } from "../../support/until.ts";

const secret = "0123456789abcdef0123456789abcdef";
const lifeMs = 700;
/** By as many streams as it takes to be done in seconds. */
const expiriesPerWay = 100;
const streamsPerWay = 10;

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({
    env: { SLUICE_JWT_SECRET: secret, SLUICE_JWT_CLOCK_SKEW_SECONDS: "0" },
  });
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

function token(grants: readonly string[], validMs = lifeMs): Promise<string> {
  return new SignJWT({ sub: "browser", grants, exp: (Date.now() + validMs) / 1000 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}

interface Renewing {
  readonly client: SluiceClient;
  renewals: number;
}

function renewing(grants: readonly string[]): Renewing {
  const state = { renewals: -1 };
  const client = createClient({
    url: gateway.url,
    reconnectMs: 50,
    token: async () => {
      state.renewals++;
      return await token(grants);
    },
  });
  return Object.assign(state, { client });
}

for (const way of ["SSE", "WebSocket"] as const) {
  test(`${way}: ${expiriesPerWay} expiries, nothing lost and nothing twice`, async () => {
    const topic = `renewals-${way}`;
    const stop = new AbortController();
    let sent = 0;
    const producer = renewing(["append topic:renewals-*", "read topic:renewals-*"]);
    await producer.client.publish({ topic }, [{ n: sent++ }]);
    const producing = (async () => {
      const socket = way === "WebSocket" ? producer.client.socket() : undefined;
      while (!stop.signal.aborted) {
        const events = [{ n: sent++ }, { n: sent++ }];
        // What was under way when the socket was closed may have been stored.
        const options = { idempotencyKey: crypto.randomUUID() };
        await (socket ?? producer.client).publish({ topic }, events, options);
        await pause(5);
      }
      socket?.close();
    })();
    const readers = Array.from({ length: streamsPerWay }, async () => {
      const reader = renewing(["read topic:renewals-*"]);
      const numbers: number[] = [];
      const source = way === "SSE" ? reader.client : reader.client.socket();
      for await (const { data } of source.subscribe<{ n: number }>(
        { topic },
        { from: "earliest" },
      )) {
        numbers.push(data.n);
        if (reader.renewals >= expiriesPerWay / streamsPerWay) break;
      }
      return { renewals: reader.renewals, numbers };
    });
    const results = await Promise.all(readers);
    stop.abort();
    await producing;
    const renewals = results.reduce((sum, one) => sum + one.renewals, 0);
    expect(renewals).toBeGreaterThanOrEqual(expiriesPerWay);
    for (const { numbers } of results) {
      expect(numbers.length).toBeGreaterThan(100);
      expect(numbers).toEqual(numbers.map((_, i) => i));
    }
    expect(producer.renewals).toBeGreaterThan(0);
  }, 120_000);
}

test("without a new token the stream ends with the reason", async () => {
  const fixed = await token(["append topic:*", "read topic:*"]);
  const client = createClient({ url: gateway.url, token: fixed, reconnectMs: 50 });
  await client.publish({ topic: "fixed" }, [{ n: 0 }]);
  const socket = client.socket();
  for (const source of [client, socket]) {
    const failure = (async () => {
      for await (const _ of source.subscribe({ topic: "fixed" }, { from: "earliest" }));
    })();
    const error = await failure.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SluiceError);
    expect(error).toMatchObject({ code: "unauthenticated" });
  }
  socket.close();
}, 30_000);

test("a token that never counts is not requested without end", async () => {
  let calls = 0;
  const client = createClient({
    url: gateway.url,
    reconnectMs: 50,
    token: () => {
      calls++;
      return "wrong";
    },
  });
  const socket = client.socket();
  const target = { topic: "fixed" };
  const all = await Promise.allSettled([
    client.publish(target, [{ n: 1 }]),
    socket.publish(target, [{ n: 1 }]),
    client.subscribe(target).next(),
    socket.subscribe(target).next(),
  ]);
  const codes = all.map((one) => (one.status === "rejected" ? one.reason.code : "none"));
  expect(codes).toEqual(Array.from(codes, () => "unauthenticated"));
  expect(calls).toBeLessThan(20);
  socket.close();
}, 30_000);
