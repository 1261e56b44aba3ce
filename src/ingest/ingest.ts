/**
 * Ingestion of decoded records, for the protocols that bring them so: each is checked and stamped,
 * and then appended. Bad records are refused by index and the rest of their batch is appended.
 */

import type { Caller } from "../core/access/caller.ts";
import { Batch } from "../core/batch.ts";
import type { Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import type { Issue } from "../core/failure.ts";
import { encodeFrameInTurns } from "../core/frame.ts";
import type { Appended, AppendOptions } from "../core/log.ts";
import type { RecordCounts, RecordSource } from "../core/metrics/records.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { bytesOf, isInternalType, type LogRecord, type RecordHeaders } from "../core/record.ts";
import type { TopicSettings } from "../core/topic.ts";
import { type AppendLog, appendOrCreate } from "./append.ts";
import type { InFlight } from "./in-flight.ts";
import type { IngestLimits } from "./limits.ts";
import type { SchemaGate, TopicGate } from "./schema-gate.ts";
import { Author, payerOf, type TopicRules } from "./topic-rules.ts";

/** A record as a protocol decoded it: unchecked, and perhaps without a time. */
export interface IncomingRecord {
  readonly value: Uint8Array;
  readonly key?: string;
  readonly contentType: string;
  readonly schemaId?: number;
  readonly timeNs?: bigint;
  readonly headers?: RecordHeaders;
}

/** Records of one call that may be appended, and what is wrong with the others. */
export interface CheckedRecords {
  readonly topic: string;
  readonly records: readonly LogRecord[];
  readonly refused: readonly Issue[];
  /** Whose they are: also the topic, where the append creates it. */
  readonly payer: Caller | undefined;
}

export interface IngestResult {
  readonly accepted: number;
  readonly refused: readonly Issue[];
  /** Where the accepted records are; undefined without any. */
  readonly appended: Appended | undefined;
}

/** `appendRecords` of one author. */
export type AppendOwn = (
  topic: string,
  records: readonly LogRecord[],
  options?: AppendOptions,
) => Promise<Appended>;

export interface IngestDeps {
  readonly log: AppendLog;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly gate: SchemaGate;
  readonly rules: TopicRules;
  readonly limits: IngestLimits;
  readonly inFlight: InFlight;
  /** Settings of a topic that is created by its first append; undefined forbids that. */
  readonly newTopics: TopicSettings | undefined;
  readonly counts?: RecordCounts;
}

/** Fewer are checked and encoded in one piece, which takes less than a millisecond. */
const recordsAtOnce = 500;

export class Ingest {
  readonly #deps: IngestDeps;
  readonly #source: RecordSource;

  constructor(deps: IngestDeps, source: RecordSource = "http") {
    this.#deps = deps;
    this.#source = source;
  }

  /** The same for callers of another protocol. */
  from(source: RecordSource): Ingest {
    return new Ingest(this.#deps, source);
  }

  /** The same with other settings of the topics that it creates. */
  creating(newTopics: TopicSettings): Ingest {
    return new Ingest({ ...this.#deps, newTopics }, this.#source);
  }

  get inFlightBytes(): number {
    return this.#deps.inFlight.bytes;
  }

  get recordBytesMax(): number {
    return this.#deps.limits.recordBytesMax;
  }

  /**
   * Checks, stamps and appends; resolves once the log has them. Of concurrent calls any may be stored
   * first: a caller that must keep an order uses the two halves below. Throws what `TopicRules.require` throws, `overloaded` when too much is in flight, `not_found` where an append may not
   * create its topic, and what the log throws. `incoming` has issues in place of records that the
   * protocol could not decode.
   */
  async append(
    topic: string,
    incoming: readonly (IncomingRecord | Issue)[],
    by: Author | Caller,
    options?: AppendOptions,
  ): Promise<IngestResult> {
    const checked = await this.check(topic, incoming, by);
    const { records } = checked;
    const frame =
      records.length > recordsAtOnce
        ? await encodeFrameInTurns(records, this.#deps.turns.open())
        : undefined;
    return await this.#appendChecked(checked, { ...options, isIndependent: true }, frame);
  }

  /**
   * The first half of `append`. It may have to fetch a schema: a caller that must keep an order awaits
   * it before it checks the next records.
   */
  async check(
    topic: string,
    incoming: readonly (IncomingRecord | Issue)[],
    by: Author | Caller,
  ): Promise<CheckedRecords> {
    const checked = await this.#check(topic, incoming, by);
    this.#deps.counts?.refuse(checked.refused);
    this.#deps.counts?.topics.refuse(topic, checked.refused);
    return checked;
  }

  async #check(
    topic: string,
    incoming: readonly (IncomingRecord | Issue)[],
    by: Author | Caller,
    isStored = true,
  ): Promise<CheckedRecords> {
    this.#deps.rules.require(topic, "append", by);
    const refused: (Issue & { readonly index: number })[] = [];
    const records: LogRecord[] = [];
    const indexes: number[] = [];
    const nowNs = this.#deps.clock.nowNs();
    const contract = this.#deps.rules.contract(topic);
    const isCaller = !(by instanceof Author);
    const payer = payerOf(by);
    const counted = isStored ? payer : undefined;
    const turn = incoming.length > recordsAtOnce ? this.#deps.turns.open() : undefined;
    for (const [index, given] of incoming.entries()) {
      if (index % recordsAtOnce === 0 && turn?.isOver === true) await turn.next();
      const one =
        contract !== undefined && "value" in given ? derive(contract, given, counted) : given;
      const issue = "value" in one ? check(one, this.#deps.limits, isCaller) : one;
      if (issue !== undefined) refused.push({ ...issue, index });
      else if ("value" in one) {
        records.push(stamp(one, nowNs));
        indexes.push(index);
      }
    }
    payer?.allowance?.spend(records.length, bytesOf(records));
    const gate = this.#deps.gate.topic(topic);
    if (records.length === 0 || gate.isOpen) return { topic, records, refused, payer };
    const issues = await this.#checkSchemas(gate, records, isStored, payer);
    for (const [i, issue] of issues.entries()) {
      if (issue !== undefined) refused.push({ ...issue, index: indexes[i] ?? i });
    }
    return {
      topic,
      records: records.filter((_, i) => issues[i] === undefined),
      refused: refused.toSorted((a, b) => a.index - b.index),
      payer,
    };
  }

  /**
   * What `append` would answer, without storing anything: `accepted` is the number of records that it
   * would take. Throws what `append` throws before it reaches the log.
   */
  async preview(
    topic: string,
    incoming: readonly (IncomingRecord | Issue)[],
    by: Caller,
  ): Promise<Pick<IngestResult, "accepted" | "refused">> {
    const { records, refused } = await this.#check(topic, incoming, by, false);
    return { accepted: records.length, refused };
  }

  /** Whether an append may create its topic. */
  get createsTopics(): boolean {
    return this.#deps.newTopics !== undefined;
  }

  /** The second half: calls are handed to the log before they return, so they are appended in order. */
  async appendChecked(checked: CheckedRecords, options?: AppendOptions): Promise<IngestResult> {
    return await this.#appendChecked(checked, options);
  }

  /**
   * The same for records that have options each, in their order. All of them are admitted, or none: who
   * is refused has stored nothing. Throws as the first append that failed.
   */
  async appendEach(
    { topic, records, payer }: CheckedRecords,
    optionsOf: (index: number) => AppendOptions,
  ): Promise<void> {
    const { inFlight } = this.#deps;
    const portion = payer?.portion;
    const bytes = bytesOf(records);
    inFlight.admit(bytes, portion);
    const append = async (record: LogRecord, index: number): Promise<void> => {
      const batch = Batch.of([record]);
      this.#stored(topic, 1, await this.#toLog(topic, batch, optionsOf(index), payer));
    };
    try {
      const [first, ...others] = records;
      // Alone: it may have to create the topic, which counts once and comes before all else.
      if (first !== undefined) await append(first, 0);
      const all = await Promise.allSettled(others.map((record, i) => append(record, i + 1)));
      for (const one of all) if (one.status === "rejected") throw one.reason;
    } finally {
      inFlight.release(bytes, portion);
    }
  }

  /** `frame`: the records' Frame, where it is encoded already. */
  async #appendChecked(
    { topic, records, refused, payer }: CheckedRecords,
    options?: AppendOptions,
    frame?: Uint8Array,
  ): Promise<IngestResult> {
    if (records.length === 0) return { accepted: 0, refused, appended: undefined };
    const appended = await this.#append(topic, Batch.of(records, frame), options, payer);
    this.#stored(topic, records.length, appended);
    return { accepted: records.length, refused, appended };
  }

  #stored(topic: string, count: number, { last }: Appended): void {
    this.#deps.counts?.accepted.add(this.#source, count);
    this.#deps.gate.topic(topic).appended(last);
  }

  /** Records that wait for a schema are in flight as well. */
  async #checkSchemas(
    gate: TopicGate,
    records: readonly LogRecord[],
    isStored: boolean,
    payer: Caller | undefined,
  ): Promise<readonly (Issue | undefined)[]> {
    const { inFlight } = this.#deps;
    const bytes = bytesOf(records);
    inFlight.admit(bytes, payer?.portion);
    try {
      return await gate.check(records, isStored);
    } finally {
      inFlight.release(bytes, payer?.portion);
    }
  }

  /** Appends to a topic what its owner made itself: the records are not checked. */
  async appendRecords(
    author: Author,
    topic: string,
    records: readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    const name = this.#deps.rules.require(topic, "append", author);
    return await this.#append(name, Batch.of(records), options, author.caller);
  }

  async #append(
    topic: string,
    batch: Batch,
    options?: AppendOptions,
    payer?: Caller,
  ): Promise<Appended> {
    const { inFlight } = this.#deps;
    const bytes = bytesOf(batch.records(0n));
    inFlight.admit(bytes, payer?.portion);
    try {
      return await this.#toLog(topic, batch, options, payer);
    } finally {
      inFlight.release(bytes, payer?.portion);
    }
  }

  #toLog(
    topic: string,
    batch: Batch,
    options: AppendOptions | undefined,
    payer: Caller | undefined,
  ): Promise<Appended> {
    const { newTopics, log } = this.#deps;
    return appendOrCreate(log, newTopics, topic, batch, options, payer?.allowance);
  }
}

function derive(
  contract: RecordContract,
  incoming: IncomingRecord,
  by: Caller | undefined,
): IncomingRecord | Issue {
  const derived = contract(incoming, by);
  if (!("key" in derived)) return derived;
  const { key, contentType, timeNs } = derived;
  const changed = { ...incoming, key, contentType };
  return timeNs === undefined ? changed : { ...changed, timeNs };
}

function stamp(incoming: IncomingRecord, nowNs: bigint): LogRecord {
  const record = {
    value: incoming.value,
    key: incoming.key ?? "",
    contentType: incoming.contentType,
    schemaId: incoming.schemaId ?? 0,
    timeNs: incoming.timeNs ?? nowNs,
  };
  return incoming.headers === undefined ? record : { ...record, headers: incoming.headers };
}

function check(
  incoming: IncomingRecord,
  limits: IngestLimits,
  isCaller: boolean,
): Issue | undefined {
  const bytes = incoming.value.byteLength;
  if (bytes > limits.recordBytesMax) {
    return issue(
      "too_large",
      "value",
      `Cannot take a record of ${bytes} bytes: at most ${limits.recordBytesMax} are`,
    );
  }
  if (isCaller && isInternalType(incoming.contentType)) {
    const message = `Cannot use content type "${incoming.contentType}": it is internal`;
    return issue("invalid", "content_type", message);
  }
  const { key } = incoming;
  if (key !== undefined && key.length * 3 > limits.keyBytesMax) {
    const keyBytes = new TextEncoder().encode(key).byteLength;
    if (keyBytes > limits.keyBytesMax) {
      return issue(
        "too_large",
        "key",
        `Cannot use a key of ${keyBytes} bytes: at most ${limits.keyBytesMax}`,
      );
    }
  }
  const headers = incoming.headers === undefined ? 0 : Object.keys(incoming.headers).length;
  if (headers > limits.headersMax) {
    return issue(
      "too_large",
      "headers",
      `Cannot take ${headers} headers: at most ${limits.headersMax}`,
    );
  }
  return undefined;
}

function issue(code: Issue["code"], field: string, message: string): Issue {
  return { code, field, message };
}
