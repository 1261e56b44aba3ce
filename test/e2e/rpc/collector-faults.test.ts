/**
 * Producers while the log hangs, while it is down, and when the gateway is killed. Memory stays bounded,
 * producers are slowed down or get a retryable error, and no acknowledged record is lost.
 * SLUICE_TEST_LONG=1 keeps the log down for half a minute.
 */

import { describe, expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { peakBytes } from "../../../bench/proc.ts";
import { RetryInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { ask } from "../../support/http.ts";
import { pause, until, within } from "../../support/until.ts";
import { kinds, type Rig, skipReason } from "./collector-broker.ts";
import { producerOf, record, texts } from "./collector.ts";
import { answersIn, framed, openCall, openSession, type RawCall, requestBytes } from "./grpc.ts";
import { ways } from "./rpc.ts";

const mega = 1024 * 1024;
const outageMs = process.env["SLUICE_TEST_LONG"] === "1" ? 30_000 : 2_000;
const timeoutMs = 60_000 + outageMs;

const connections = 40;
/**
 * An idle gateway has 150 MB. 32 MiB in flight, as frames and in the log's client, bring it to between
 * 220 and 390 MB, garbage included. Without back-pressure a flood would pass this bound in a second.
 */
const peakMegaMax = 700;

if (skipReason !== undefined) {
  test.skip(`faults on JetStream (skipped: ${skipReason})`, () => {});
}

describe.each(kinds)("faults on $name", ({ start }) => {
  test(
    "the log hangs under a flood: sockets are not read, memory is bounded, then writes resume",
    async () => {
      await using rig = await start();
      const { grpcUrl, url, pid } = rig.gateway;
      await producerOf(ways["gRPC on the RPC port"](rig.gateway)).publish({
        topic: "flood",
        records: [record("first")],
      });
      const sessions = Array.from({ length: connections }, () => openSession(grpcUrl));
      await rig.freeze();
      const floods = sessions.map((session) => new Flood(openCall(session, "Collect")));
      for (const flood of floods) flood.start();
      const held = await settled(() => sent(floods));
      await pause(500);
      // No producer can send more: the rest is in the kernel's buffers and the HTTP/2 windows.
      expect(sent(floods)).toBe(held);
      expect((held * recordBytes) / mega).toBeLessThan(400);
      expect((await ask("GET", `${url}/livez`)).status).toBe(200);
      rig.thaw();
      await until("the flood to go on", 20_000, () => sent(floods) > held);
      const replies = await within("all answers", 30_000, Promise.all(floods.map((f) => f.end())));
      expect(replies.map(({ code, message }) => `${code} ${message}`)).toEqual(
        replies.map(() => "0 "),
      );
      const accepted = replies.map(({ body }) => Number(answersIn(body)[0]?.accepted));
      expect(accepted).toEqual(floods.map(({ records }) => records));
      const peak = Math.round((peakBytes(pid) ?? 0) / mega);
      expect({ peak, fits: peak < peakMegaMax }).toMatchObject({ fits: true });
      for (const session of sessions) session.destroy();
    },
    timeoutMs,
  );

  test(
    `the log is down for ${outageMs / 1000} s: UNAVAILABLE with RetryInfo, and nothing acknowledged is lost`,
    async () => {
      await using rig = await start();
      const producers = [0, 1, 2, 3].map((p) => new Persistent(rig, p));
      const running = Promise.all(producers.map((producer) => producer.run()));
      await until("acknowledgements", 10_000, () => producers.every(({ n }) => n > 20));
      await rig.kill();
      const before = producers.map(({ n }) => n);
      await pause(outageMs);
      await rig.back();
      await until("acknowledgements again", 20_000, () =>
        producers.every(({ n }, i) => n > (before[i] ?? 0) + 20),
      );
      for (const producer of producers) producer.isOver = true;
      await running;
      expect(producers.flatMap(({ surprises }) => surprises)).toEqual([]);
      expect(producers.reduce((sum, { refusals }) => sum + refusals, 0)).toBeGreaterThan(0);
      const stored = new Set(await texts(rig.gateway.url, "outage"));
      const lost = producers.flatMap(({ acknowledged }) =>
        acknowledged.filter((text) => !stored.has(text)),
      );
      expect(lost).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "the gateway is killed in mid-stream: what Ingest acknowledged is in the log",
    async () => {
      await using rig = await start();
      for (let round = 0; round < 2; round++) {
        const topic = `killed-${round}`;
        const session = openSession(rig.gateway.grpcUrl);
        const calls = [0, 1, 2, 3].map(
          (p) => new Acknowledged(openCall(session, "Ingest"), topic, p),
        );
        await until("running answers", 10_000, () => calls.every(({ count }) => count > 500));
        await rig.killGateway();
        await within("the calls to end", 5000, Promise.all(calls.map(({ over }) => over)));
        session.destroy();
        const stored = await texts(rig.gateway.url, topic);
        for (const { count, sent, p } of calls) {
          const own = stored.filter((text) => text.startsWith(`${p}-`));
          // In order, without a gap, and at least those that were acknowledged.
          const misplaced = own.findIndex((text, i) => text !== `${p}-${i}`);
          expect({ misplaced, found: own.slice(misplaced, misplaced + 3) }).toMatchObject({
            misplaced: -1,
          });
          expect(own.length).toBeGreaterThanOrEqual(count);
          expect(own.length).toBeLessThanOrEqual(sent);
        }
      }
    },
    timeoutMs,
  );
});

const recordBytes = 10_000;
const perMessage = 10;
const message = framed(
  requestBytes({
    topic: "flood",
    records: Array.from({ length: perMessage }, () => record("x".repeat(recordBytes))),
  }),
);

/** Writes as much as the socket takes, until `end()`. */
class Flood {
  records = 0;
  readonly #call: RawCall;
  #isOver = false;

  constructor(call: RawCall) {
    this.#call = call;
  }

  start(): void {
    const { stream } = this.#call;
    const write = () => {
      while (!this.#isOver) {
        this.records += perMessage;
        if (!stream.write(message)) return;
      }
    };
    stream.on("drain", write);
    write();
  }

  end(): RawCall["reply"] {
    this.#isOver = true;
    this.#call.stream.end();
    return this.#call.reply;
  }
}

/**
 * The count once it has not changed for 300 ms. It waits for less than the 5 s after which an append to
 * JetStream fails.
 */
async function settled(count: () => number): Promise<number> {
  const deadline = performance.now() + 3000;
  for (let last = count(); ; last = count()) {
    await pause(300);
    if (count() === last || performance.now() > deadline) return count();
  }
}

function sent(floods: readonly Flood[]): number {
  return floods.reduce((sum, { records }) => sum + records, 0);
}

/** Publishes one record after the other, and repeats each until it is acknowledged. */
class Persistent {
  n = 0;
  readonly acknowledged: string[] = [];
  refusals = 0;
  /** Outcomes that a producer should not see. */
  readonly surprises: string[] = [];
  isOver = false;
  readonly #rig: Rig;
  readonly #p: number;

  constructor(rig: Rig, p: number) {
    this.#rig = rig;
    this.#p = p;
  }

  async run(): Promise<void> {
    const { gateway } = this.#rig;
    const transports = Object.values(ways).map((transport) => transport(gateway));
    const transport = transports[this.#p % transports.length];
    if (transport === undefined) throw new Error("There are no transports");
    const producer = producerOf(transport);
    while (!this.isOver) {
      const text = `${this.#p}-${this.n}`;
      try {
        const call = producer.publish({ topic: "outage", records: [record(text)] });
        const { accepted } = await within("an answer", outageMs + 15_000, call);
        if (accepted !== 1n) this.surprises.push(`${text}: ${accepted} accepted`);
        this.acknowledged.push(text);
        this.n++;
      } catch (error) {
        this.#recordFailure(error);
        await pause(50);
      }
    }
  }

  #recordFailure(error: unknown): void {
    const status = ConnectError.from(error);
    const [retry] = status.findDetails(RetryInfoSchema);
    this.refusals++;
    if (status.code === Code.Unavailable && retry?.retryDelay !== undefined) return;
    if (this.surprises.length < 5) this.surprises.push(`${Code[status.code]}: ${status.message}`);
  }
}

/** Sends numbered records, and counts those that were acknowledged. */
class Acknowledged {
  count = 0;
  sent = 0;
  readonly p: number;
  readonly over: RawCall["reply"];

  constructor({ stream, reply }: RawCall, topic: string, p: number) {
    this.p = p;
    this.over = reply;
    const received: Buffer[] = [];
    stream.on("data", (data: Buffer) => {
      received.push(data);
      this.count = Number(answersIn(Buffer.concat(received)).at(-1)?.accepted ?? 0);
    });
    // With a timer, because a stream of small messages never reports that it is full.
    const timer = setInterval(() => {
      for (let i = 0; i < 10; i++) {
        const records = [record(`${p}-${this.sent++}`), record(`${p}-${this.sent++}`)];
        stream.write(framed(requestBytes({ topic, records })));
      }
    }, 2);
    stream.on("close", () => clearInterval(timer));
  }
}
