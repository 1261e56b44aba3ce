/** The client against a real gateway, through a network that is cut, goes silent or is slow. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  type ClientOptions,
  createClient,
  type SluiceClient,
  type Subscription,
} from "../../../src/client/index.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { startProxy } from "./client-proxy.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: "1000", SLUICE_STALL_MS: "1500" } });
}, 90_000);
afterAll(() => gateway.stop());

let topics = 0;
const freshTopic = () => `client-${++topics}`;

function clientOf(url: string, options: Partial<ClientOptions> = {}): SluiceClient {
  return createClient({ url, reconnectMs: 20, reconnectMsMax: 500, ...options });
}

interface Numbered {
  readonly n: number;
}

/** Appends `{"n":from}` to `{"n":to}`, in calls of up to `size`. */
async function publishNumbers(
  client: SluiceClient,
  topic: string,
  from: number,
  to: number,
  size = 500,
): Promise<void> {
  for (let at = from; at <= to; at += size) {
    const events = Array.from({ length: Math.min(size, to - at + 1) }, (_, i) => ({ n: at + i }));
    await client.publish({ topic }, events, { idempotencyKey: crypto.randomUUID() });
  }
}

/** Reads until `last`; throws if a number is not the next one. */
async function readNumbers(
  subscription: Subscription<Numbered>,
  last: number,
  each: (n: number) => unknown = () => {},
): Promise<void> {
  let expected = 1;
  for await (const { data } of subscription) {
    if (data.n !== expected) throw new Error(`Expected ${expected}, got ${data.n}`);
    await each(data.n);
    if (expected++ === last) return;
  }
  throw new Error(`It ended before ${expected}`);
}

test("an emitter is created, subscribed to, appended to, paged and ended", async () => {
  const client = clientOf(gateway.url);
  const made = await client.emitters.create({ id: "client-1", source: "external" });
  expect(made).toMatchObject({ id: "client-1", source: "external", rate: 0, endedAt: undefined });
  expect(made.createdAt).toBeInstanceOf(Date);
  await expect(client.emitters.create({ id: "client-1", rate: 3 })).rejects.toMatchObject({
    code: "conflict",
    status: 409,
  });

  const watching = client.subscribe<Numbered>({ emitter: "client-1" });
  await watching.ready();
  const answer = await client.publish(
    { emitter: "client-1" },
    '{"n":1}\n{"n":\n{"n":9007199254740993}',
  );
  expect(answer).toMatchObject({ accepted: 2, refused: [{ index: 1, code: "invalid" }] });
  await client.emitters.end("client-1");
  const events = await Array.fromAsync(watching);
  expect(events.map(({ text }) => text)).toEqual(['{"n":1}', '{"n":9007199254740993}']);
  expect(events.at(-1)?.position).toBe(answer.position);
  expect(watching.ended).toBe(true);

  const page = await client.emitters.page("client-1");
  expect(page.events.map(({ text, position }) => [text, position])).toEqual(
    events.map(({ text, position }) => [text, position]),
  );
  expect(page.events[0]).toMatchObject({
    key: "client-1",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  // The projection counts them some time after the append.
  let details = await client.emitters.get("client-1");
  for (; details.events < 2; details = await client.emitters.get("client-1")) await Bun.sleep(20);
  expect(details).toMatchObject({ last: answer.position, endedAt: expect.any(Date) });
  await expect(client.publish({ emitter: "client-1" }, [1])).rejects.toMatchObject({
    code: "ended",
    status: 410,
  });
  // A later subscription ends at once, because nothing will follow.
  expect(await Array.fromAsync(client.subscribe({ emitter: "client-1" }))).toEqual([]);
  expect(
    await Array.fromAsync(client.subscribe({ emitter: "client-1" }, { from: "earliest" })),
  ).toHaveLength(2);
});

test("errors are typed", async () => {
  const client = clientOf(gateway.url);
  await expect(client.emitters.get("nobody")).rejects.toMatchObject({
    name: "SluiceError",
    code: "not_found",
    status: 404,
  });
  await expect(client.page({ topic: "t" }, { limit: 5000 })).rejects.toMatchObject({
    code: "invalid",
    errors: [{ field: "limit" }],
  });
  await expect(client.publish({ topic: freshTopic() }, "{")).rejects.toMatchObject({
    code: "invalid",
    errors: [{ index: 0 }],
  });
  await expect(client.subscribe({ topic: "no-such-topic" }).ready()).rejects.toMatchObject({
    code: "not_found",
  });
  const nowhere = clientOf("http://127.0.0.1:1", { attemptsMax: 2 });
  await expect(nowhere.page({ topic: "t" })).rejects.toMatchObject({
    code: "unavailable",
    status: undefined,
  });
});

test("one key of a topic, bytes, and pages through all of it", async () => {
  const client = clientOf(gateway.url);
  const topic = freshTopic();
  await publishNumbers(client, topic, 1, 25);
  const bytes = new Uint8Array([0, 1, 254, 255]);
  await client.publish({ topic, key: "k" }, bytes, { contentType: "application/x-thing" });
  const pages = await Array.fromAsync(client.pages<Numbered>({ topic }, { limit: 10 }));
  expect(pages.map(({ events }) => events.length)).toEqual([10, 10, 6]);
  const [event] = (await client.page({ topic, key: "k" })).events;
  expect(event).toMatchObject({ key: "k", bytes });
  const { value } = await client.subscribe({ topic, key: "k" }, { from: { tail: 1 } }).next();
  expect(value).toMatchObject({ position: event?.position, bytes });
});

test("publishing again with the same idempotency key stores nothing", async () => {
  const client = clientOf(gateway.url);
  const topic = freshTopic();
  const first = await client.publish({ topic }, [1, 2], { idempotencyKey: "once" });
  expect(await client.publish({ topic }, [1, 2], { idempotencyKey: "once" })).toEqual(first);
  expect((await client.page({ topic })).events).toHaveLength(2);
});

for (const over of ["SSE", "a socket"] as const) {
  test(`every event once and in order over ${over}, cut off 200 times`, async () => {
    await using proxy = await startProxy(gateway.url);
    const client = clientOf(proxy.url);
    const topic = freshTopic();
    const [last, step] = [50_000, 245];
    const writer = clientOf(gateway.url);
    await publishNumbers(writer, topic, 1, step);
    const socket = client.socket();
    const subscription = (over === "SSE" ? client : socket).subscribe<Numbered>(
      { topic },
      { from: "earliest" },
    );
    let [published, accepted, cuts] = [step, 0, 0];
    let writing = Promise.resolve();
    await readNumbers(subscription, last, async (n) => {
      // The writer stays close to the readers, so that a cut loses data in flight, not a full buffer.
      if (n > published - step && published < last) {
        const to = Math.min(published + step, last);
        const from = published + 1;
        writing = writing.then(() => publishNumbers(writer, topic, from, to, 50));
        published = to;
      }
      if (n < cuts * step + (n % 50) || proxy.accepted === accepted) return;
      accepted = proxy.accepted;
      cuts++;
      proxy.cut();
    });
    expect(cuts).toBeGreaterThanOrEqual(200);
    expect(proxy.accepted).toBeGreaterThan(200);
    socket.close();
  }, 60_000);

  test(`a consumer that pauses continues without a gap over ${over}, and little is buffered for it`, async () => {
    await using proxy = await startProxy(gateway.url);
    const client = clientOf(proxy.url);
    const topic = freshTopic();
    const filler = "x".repeat(1000);
    const total = 30_000;
    const writer = clientOf(gateway.url);
    for (let n = 1; n <= total; n += 1000) {
      await writer.publish(
        { topic },
        Array.from({ length: 1000 }, (_, i) => ({ n: n + i, filler })),
      );
    }
    const socket = client.socket();
    const subscription = (over === "SSE" ? client : socket).subscribe<Numbered>(
      { topic },
      { from: "earliest" },
    );
    let bytesStopped = 0;
    await readNumbers(subscription, total, async (n) => {
      if (n !== 10) return;
      await Bun.sleep(3000);
      bytesStopped = proxy.bytes;
    });
    // The buffers of the kernel, the proxy and fetch hold a part of it, but not half.
    expect(bytesStopped).toBeLessThan((total * filler.length) / 2);
    socket.close();
  }, 60_000);

  test(`a silent connection is replaced, over ${over}`, async () => {
    await using proxy = await startProxy(gateway.url);
    const client = clientOf(proxy.url, { silenceMs: 2500 });
    const topic = freshTopic();
    await publishNumbers(clientOf(gateway.url), topic, 1, 1);
    const subscription = (over === "SSE" ? client : client.socket()).subscribe<Numbered>(
      { topic },
      { from: "earliest" },
    );
    await readNumbersUpTo(subscription, 1);
    proxy.freeze();
    await publishNumbers(clientOf(gateway.url), topic, 2, 3);
    await readNumbersUpTo(subscription, 3, 2);
    // A connection with only heartbeats is kept.
    const { accepted } = proxy;
    const waiting = subscription.next();
    await Bun.sleep(4000);
    expect(proxy.accepted).toBe(accepted);
    await publishNumbers(clientOf(gateway.url), topic, 4, 4);
    expect((await waiting).value?.data.n).toBe(4);
    await subscription.return();
  }, 30_000);
}

/** Reads without ending the iteration, which leaving a `for await` would do. */
async function readNumbersUpTo(
  subscription: Subscription<Numbered>,
  last: number,
  first = 1,
): Promise<void> {
  for (let n = first; n <= last; n++) expect((await subscription.next()).value?.data.n).toBe(n);
}

test("a socket carries many subscriptions and publishes, and resumes all of them", async () => {
  await using proxy = await startProxy(gateway.url);
  const names = Array.from({ length: 300 }, (_, i) => `many-${i}`);
  const topic = freshTopic();
  await publishNumbers(clientOf(gateway.url), topic, 1, 1);
  const socket = clientOf(proxy.url).socket();
  const subscriptions = names.map((key) => socket.subscribe<Numbered>({ topic, key }));
  await Promise.all(subscriptions.map((subscription) => subscription.ready()));
  const answers = await Promise.all(
    names.map((key) => socket.publish({ topic, key }, [{ n: 1 }, { n: 2 }])),
  );
  expect(answers.every(({ accepted }) => accepted === 2)).toBe(true);
  proxy.cut();
  for (const key of names) {
    await socket.publish({ topic, key }, [{ n: 3 }], { idempotencyKey: `${topic}-${key}` });
  }
  for (const [i, subscription] of subscriptions.entries()) {
    await readNumbersUpTo(subscription, 3);
    expect(subscription.position?.length).toBeGreaterThan(0);
    if (i % 2 === 0) await subscription.return();
  }
  socket.close();
  expect(await subscriptions[1]?.next()).toMatchObject({ done: true });
  await expect(socket.publish({ topic }, [1])).rejects.toMatchObject({ code: "cancelled" });
}, 60_000);

test("errors of a socket are typed and affect no other subscription", async () => {
  const client = clientOf(gateway.url);
  const socket = client.socket();
  const topic = freshTopic();
  await client.emitters.create({ id: "client-socket", source: "external" });
  const emitter = socket.subscribe<Numbered>({ emitter: "client-socket" });
  await emitter.ready();
  await expect(socket.subscribe({ topic: "no-such-topic" }).ready()).rejects.toMatchObject({
    code: "not_found",
  });
  await expect(socket.subscribe({ emitter: "client-socket" }).next()).rejects.toMatchObject({
    code: "conflict",
  });
  await expect(socket.publish({ topic: "emitters" }, [1])).rejects.toMatchObject({
    code: "forbidden",
  });
  await expect(socket.publish({ topic }, ["x".repeat(5_000_000)])).rejects.toMatchObject({
    code: "too_large",
  });
  await socket.publish({ emitter: "client-socket" }, [{ n: 1, ns: 9007199254740993n }]);
  await client.emitters.end("client-socket");
  const events = await Array.fromAsync(emitter);
  expect(events.map(({ text }) => text)).toEqual(['{"n":1,"ns":9007199254740993}']);
  expect(emitter.ended).toBe(true);
  // A subscription that has ended may be started again.
  expect(
    await Array.fromAsync(socket.subscribe({ emitter: "client-socket" }, { from: "earliest" })),
  ).toHaveLength(1);
  socket.close();
});

test("resumes after the gateway is killed", async () => {
  const first = await startGateway();
  await using proxy = await startProxy(first.url);
  const client = clientOf(proxy.url, { attemptsMax: 200 });
  const topic = freshTopic();
  await publishNumbers(client, topic, 1, 1);
  const socket = client.socket();
  const reading = [client, socket].map((from) =>
    readNumbers(from.subscribe<Numbered>({ topic }, { from: "earliest" }), 3000),
  );
  const publishing = publishNumbers(client, topic, 2, 3000, 10);
  await Bun.sleep(150);
  await first.kill9();
  const second = await startGateway({ dataDir: first.dataDir });
  proxy.target = second.url;
  await Promise.all([...reading, publishing]);
  socket.close();
  expect(await second.stop()).toBe(0);
}, 90_000);

test("a draining gateway closes its subscriptions, and they continue on another one", async () => {
  const first = await startGateway();
  await using proxy = await startProxy(first.url);
  const retries: string[] = [];
  const client = clientOf(proxy.url, { onRetry: ({ code }) => retries.push(code) });
  const topic = freshTopic();
  await publishNumbers(client, topic, 1, 5);
  const socket = client.socket();
  const subscriptions = [client, socket].map((from) =>
    from.subscribe<Numbered>({ topic }, { from: "earliest" }),
  );
  for (const subscription of subscriptions) await readNumbersUpTo(subscription, 5);
  const waiting = subscriptions.map((subscription) => subscription.next());
  expect(await first.stop()).toBe(0);
  const second = await startGateway({ dataDir: first.dataDir });
  proxy.target = second.url;
  await publishNumbers(clientOf(second.url), topic, 6, 6);
  for (const next of waiting) expect((await next).value?.data.n).toBe(6);
  expect(retries.filter((code) => code === "shutting_down").length).toBeGreaterThanOrEqual(2);
  socket.close();
  await Promise.all(subscriptions.map((subscription) => subscription.return()));
  await second.stop();
}, 90_000);
