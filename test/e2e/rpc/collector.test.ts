/** The collector through generated clients: every protocol has the same results. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { endType } from "../../../src/core/record.ts";
import { Ack } from "../../../src/gen/sluice/v1/record_pb.ts";
import { eventually } from "../../support/eventually.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import { pause, within } from "../../support/until.ts";
import { producerOf, record, type RecordInit, sending, shown, texts } from "./collector.ts";
import { type Consumer, consumerOf, endOf, ways } from "./rpc.ts";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);

afterAll(async () => {
  expect(gateway.log()).not.toContain("call failed");
  expect(await gateway.stop()).toBe(0);
});

let topics = 0;
/** Name of an unused topic. */
function newTopic(): string {
  topics += 1;
  return `collector-${topics}`;
}

const answerMsMax = 5000;

describe.each(Object.entries(ways))("%s", (_name, transport) => {
  const producer = () => producerOf(transport(gateway));

  test("Publish: one batch, whose position is that of its last record", async () => {
    const topic = newTopic();
    const first = await producer().publish({ topic, records: [record("a"), record("b")] });
    expect(first).toMatchObject({ accepted: 2n, refused: 0n, refusals: [], ack: Ack.DURABLE });
    const second = await producer().publish({ topic, records: [record("c")] });
    const all = await shown(gateway.url, topic);
    expect(all.map(({ text }) => text)).toEqual(["a", "b", "c"]);
    expect([all[1]?.position, all[2]?.position]).toEqual([first.position, second.position]);
  });

  test("Collect: many messages, one answer", async () => {
    const topic = newTopic();
    const expected = Array.from({ length: 300 }, (_, i) => `r${i}`);
    const messages = expected.map((text, i) => {
      return { topic: i === 0 ? topic : "", records: [record(text)] };
    });
    const answer = await producer().collect(sending(...messages));
    expect(answer).toMatchObject({ accepted: 300n, refused: 0n, ack: Ack.DURABLE });
    const all = await shown(gateway.url, topic);
    expect(all.map(({ text }) => text)).toEqual(expected);
    expect(answer.position).toBe(all.at(-1)?.position ?? "none");
  });

  test("Ingest: cumulative answers that never decrease, and the last one covers all", async () => {
    const topic = newTopic();
    const messages = Array.from({ length: 50 }, (_, i) => {
      return { topic, records: [record(`${2 * i}`), record(`${2 * i + 1}`)] };
    });
    const answers = [];
    for await (const answer of producer().ingest(sending(...messages))) answers.push(answer);
    const counts = answers.map(({ accepted }) => Number(accepted));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const places = answers.map(({ position }) => position);
    expect(places).toEqual(places.toSorted());
    const all = await shown(gateway.url, topic);
    expect(all.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    expect(answers.at(-1)).toMatchObject({ accepted: 100n, position: all.at(-1)?.position });
  });

  test("invalid records are refused by index with reasons, and the others are stored", async () => {
    const topic = newTopic();
    const bad: readonly (readonly [code: string, field: string, record: RecordInit])[] = [
      ["too_large", "value", { value: new Uint8Array(1024 * 1024 + 1) }],
      ["too_large", "key", { value: Buffer.from("x"), key: new Uint8Array(513).fill(0x61) }],
      ["too_large", "headers", { value: Buffer.from("x"), headers: manyHeaders(65) }],
      ["invalid", "key", { value: Buffer.from("x"), key: Uint8Array.of(0xff, 0xfe) }],
      ["invalid", "content_type", { contentType: endType }],
    ];
    const records = bad.flatMap(([, , one], i) => [record(`good ${i}`), one]);
    const { accepted, refused, refusals, position } = await producer().publish({ topic, records });
    expect({ accepted, refused }).toEqual({ accepted: 5n, refused: 5n });
    expect(refusals.map(({ index, code }) => [Number(index), code])).toEqual(
      bad.map(([code], i) => [2 * i + 1, code]),
    );
    for (const [i, [, field]] of bad.entries()) {
      expect(refusals[i]?.message).toMatch(new RegExp(`^${field}: Cannot .*`));
    }
    const all = await shown(gateway.url, topic);
    expect(all.map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map((i) => `good ${i}`));
    expect(position).toBe(all.at(-1)?.position ?? "none");
  });

  test("indexes of refusals count from the start of the stream; without an accepted record there is no position", async () => {
    const topic = newTopic();
    const tooLarge = { value: new Uint8Array(1024 * 1024 + 1) };
    const answer = await producer().collect(
      sending({ topic, records: [record("0"), tooLarge] }, { records: [tooLarge, record("3")] }),
    );
    expect(answer).toMatchObject({ accepted: 2n, refused: 2n });
    expect(answer.refusals.map(({ index }) => Number(index))).toEqual([1, 2]);
    expect(await texts(gateway.url, topic)).toEqual(["0", "3"]);
    const none = await producer().publish({ topic: newTopic(), records: [tooLarge] });
    expect(none).toMatchObject({ accepted: 0n, refused: 1n, position: "" });
  });

  test("Ingest reports refusals even while no record is accepted", async () => {
    const topic = newTopic();
    const reported = Promise.withResolvers<void>();
    async function* requests() {
      yield { topic, records: [{ contentType: endType }] };
      // Over HTTP/1.1 answers come when the request has ended.
      if (!_name.includes("HTTP/1.1")) await reported.promise;
      yield { records: [record("after")] };
    }
    const refused: number[] = [];
    const run = (async () => {
      for await (const answer of producer().ingest(requests())) {
        refused.push(...answer.refusals.map(({ index }) => Number(index)));
        if (answer.refused === 1n) reported.resolve();
      }
    })();
    await within("the refusal to be reported", answerMsMax, run);
    // Each refusal is reported once.
    expect(refused).toEqual([0]);
    expect(await texts(gateway.url, topic)).toEqual(["after"]);
  });

  test("a stream can switch to another topic", async () => {
    const [one, two] = [newTopic(), newTopic()];
    const answer = await producer().collect(
      sending(
        { topic: one, records: [record("a")] },
        { records: [record("b")] },
        { topic: two, records: [record("c")] },
      ),
    );
    expect(answer.accepted).toBe(3n);
    expect(await texts(gateway.url, one)).toEqual(["a", "b"]);
    const [last] = await shown(gateway.url, two);
    expect(last).toEqual({ text: "c", position: answer.position });
  });

  test("ack = received is reported as such, and the records become durable soon", async () => {
    const topic = newTopic();
    const answer = await producer().publish({ topic, records: [record("x")], ack: Ack.RECEIVED });
    expect(answer).toMatchObject({ accepted: 1n, ack: Ack.RECEIVED });
    await eventually(async () => expect(await texts(gateway.url, topic)).toEqual(["x"]));
  });

  test("an empty stream succeeds; records without a topic, or with an invalid name, are refused", async () => {
    const none = await producer().collect(sending());
    expect(none).toMatchObject({ accepted: 0n, refused: 0n, position: "" });
    const records = [record("x")];
    const noTopic = await endOf(producer().publish({ records }));
    expect(noTopic).toMatchObject({ code: "InvalidArgument", reason: "INVALID" });
    expect(noTopic.message).toContain("no topic was named");
    const badName = await endOf(producer().publish({ topic: "no/name", records }));
    expect(badName).toMatchObject({ code: "InvalidArgument", reason: "INVALID" });
    expect(badName.message).toContain(`"no/name": expected 1 to 200 characters`);
  });

  test("a repeated batch of a producer is acknowledged again and stored once", async () => {
    const topic = newTopic();
    const batch = (sequence: bigint, text: string, epoch = 1) => ({
      topic,
      producer: { id: "p", epoch, sequence },
      records: [record(`${text}1`), record(`${text}2`)],
    });
    const first = await producer().publish(batch(0n, "a"));
    const again = await producer().publish(batch(0n, "a"));
    expect(again).toMatchObject({ accepted: 2n, position: first.position });
    await producer().publish(batch(2n, "b"));
    expect(await texts(gateway.url, topic)).toEqual(["a1", "a2", "b1", "b2"]);

    const gap = await endOf(producer().publish(batch(6n, "c")));
    expect(gap).toMatchObject({ code: "AlreadyExists", reason: "CONFLICT" });
    expect(gap.message).toContain("its sequence 6 leaves a gap, expected 4");
    await producer().publish(batch(0n, "d", 2));
    const fenced = await endOf(producer().publish(batch(4n, "e")));
    expect(fenced).toMatchObject({ code: "AlreadyExists", reason: "CONFLICT" });
    expect(fenced.message).toContain("epoch 1 was superseded by epoch 2");
    expect(await texts(gateway.url, topic)).toEqual(["a1", "a2", "b1", "b2", "d1", "d2"]);
  });

  test("an invalid producer is refused, and the error names the field", async () => {
    const records = [record("x")];
    const noId = await endOf(
      producer().publish({ topic: newTopic(), producer: { epoch: 1 }, records }),
    );
    expect(noId).toMatchObject({ code: "InvalidArgument" });
    expect(noId.message).toContain("its id is empty");
    const longId = await endOf(
      producer().publish({ topic: newTopic(), producer: { id: "i".repeat(129) }, records }),
    );
    expect(longId.message).toContain("129 bytes, expected 1 to 128 bytes");
  });

  test("a deadline ends a stream; the records before it are stored", async () => {
    const topic = newTopic();
    // Much longer than the deadline.
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    async function* slow() {
      yield { topic, records: [record("before")] };
      await over;
    }
    const call = producer().collect(slow(), { timeoutMs: 1000 });
    expect(await endOf(call)).toMatchObject({ code: "DeadlineExceeded" });
    end();
    await eventually(async () => expect(await texts(gateway.url, topic)).toEqual(["before"]));
  });

  test("a cancelled call keeps what was durable, and stores the records before it", async () => {
    const topic = newTopic();
    const stop = new AbortController();
    async function* slow() {
      yield { topic, records: [record("before")] };
      await eventually(async () => expect(await texts(gateway.url, topic)).toEqual(["before"]));
      yield { records: [record("brought")] };
      await pause(500);
      stop.abort();
      await pause(2000);
    }
    const call = producer().collect(slow(), { signal: stop.signal });
    expect(await endOf(call)).toMatchObject({ code: "Canceled" });
    await eventually(async () =>
      expect(await texts(gateway.url, topic)).toEqual(["before", "brought"]),
    );
  });
});

function manyHeaders(count: number): Record<string, Uint8Array> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`h${i}`, Uint8Array.of(i)] as const),
  );
}

describe("gzip", () => {
  const options = { sendCompression: compressionGzip, compressMinBytes: 0 };
  for (const [name, transport] of [
    ["gRPC", () => createGrpcTransport({ baseUrl: gateway.grpcUrl, ...options })],
    [
      "gRPC-Web",
      () => createGrpcWebTransport({ baseUrl: gateway.url, httpVersion: "1.1", ...options }),
    ],
    [
      "Connect",
      () => createConnectTransport({ baseUrl: gateway.url, httpVersion: "2", ...options }),
    ],
  ] as const) {
    test(`${name}: compressed and uncompressed messages in one stream`, async () => {
      const topic = newTopic();
      const producer = producerOf(transport());
      const long = "long ".repeat(10_000);
      await producer.publish({ topic, records: [record(long)] });
      const answer = await producer.collect(
        sending({ topic, records: [record("a")] }, {}, { records: [record(long)] }),
      );
      expect(answer.accepted).toBe(2n);
      expect(await texts(gateway.url, topic)).toEqual([long, "a", long]);
    });
  }
});

test("Connect by hand: one POST of JSON", async () => {
  const topic = newTopic();
  const body = {
    topic,
    records: [{ value: Buffer.from("by hand").toString("base64"), contentType: "text/plain" }],
  };
  const answer = await post(`${gateway.url}/sluice.v1.CollectorService/Publish`, body);
  const [first] = await shown(gateway.url, topic);
  expect(answer.json).toEqual({ accepted: "1", position: first?.position, ack: "ACK_DURABLE" });
  expect(first?.text).toBe("by hand");
});

test("records keep all their fields on the way", async () => {
  const topic = newTopic();
  const given = {
    value: Uint8Array.of(0, 255),
    key: Buffer.from("ключ"),
    schemaId: 7,
    contentType: "application/x-thing",
    timeNs: 1_700_000_000_123_456_789n,
    headers: { trace: Uint8Array.of(1, 2, 3) },
  };
  const { position } = await producerOf(createGrpcTransport({ baseUrl: gateway.grpcUrl })).publish({
    topic,
    records: [given],
  });
  const [first] = await recordsOf(consumerOf(ways["gRPC on the RPC port"](gateway)), topic);
  const { record: kept, position: at } = first ?? { record: undefined, position: "none" };
  expect(at).toBe(position);
  expect(kept).toMatchObject({
    schemaId: 7,
    contentType: "application/x-thing",
    timeNs: 1_700_000_000_123_456_789n,
  });
  expect(Buffer.from(kept?.key ?? []).toString()).toBe("ключ");
  expect([...(kept?.value ?? [])]).toEqual([0, 255]);
  expect([...(kept?.headers["trace"] ?? [])]).toEqual([1, 2, 3]);
});

/** The first message with records of a subscription from the topic's start. */
async function recordsOf(consumer: Consumer, topic: string) {
  const stop = new AbortController();
  const start = { case: "earliest", value: true } as const;
  for await (const { records } of consumer.subscribe({ topic, start }, { signal: stop.signal })) {
    if (records.length === 0) continue;
    stop.abort();
    return records;
  }
  return [];
}
