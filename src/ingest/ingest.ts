/**
 * Ingestion of decoded records, for the protocols that bring them so: each is checked and stamped,
 * and then appended. Bad records are refused by index and the rest of their batch is appended.
 */

import type { Allowance } from "../core/access/allowance.ts";
import type { Caller } from "../core/access/caller.ts";
import { Batch } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import type { Issue } from "../core/failure.ts";
import type { Appended, AppendOptions } from "../core/log.ts";
import type { RecordCounts, RecordSource } from "../core/metrics/records.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { isInternalType, type LogRecord, recordBytes, type RecordHeaders } from "../core/record.ts";
import type { TopicSettings } from "../core/topic.ts";
import { type AppendLog, appendOrCreate } from "./append.ts";
import type { InFlight } from "./in-flight.ts";
import type { IngestLimits } from "./limits.ts";
import type { SchemaGate, TopicGate } from "./schema-gate.ts";
import { Author, type TopicRules } from "./topic-rules.ts";

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
  /** Whose creations the topic counts among, where the append creates it. */
  readonly allowance: Allowance | undefined;
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
  readonly clock: Clock;
  readonly gate: SchemaGate;
  readonly rules: TopicRules;
  readonly limits: IngestLimits;
  readonly inFlight: InFlight;
  /** Settings of a topic that is created by its first append; undefined forbids that. */
  readonly newTopics: TopicSettings | undefined;
  readonly counts?: RecordCounts;
}

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
   * Checks, stamps and appends; resolves once the log has them. Throws what `TopicRules.require` throws, `overloaded` when too much is in flight, `not_found` where an append may not
   * create its topic, and what the log throws. `incoming` has issues in place of records that the
   * protocol could not decode.
   */
  async append(
    topic: string,
    incoming: readonly (IncomingRecord | Issue)[],
    by: Author | Caller,
    options?: AppendOptions,
  ): Promise<IngestResult> {
    return await this.appendChecked(await this.check(topic, incoming, by), options);
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
    return checked;
  }

  async #check(
    topic: string,
    incoming: readonly (IncomingRecord | Issue)[],
    by: Author | Caller,
  ): Promise<CheckedRecords> {
    this.#deps.rules.require(topic, "append", by);
    const refused: (Issue & { readonly index: number })[] = [];
    const records: LogRecord[] = [];
    const indexes: number[] = [];
    const nowNs = this.#deps.clock.nowNs();
    const contract = this.#deps.rules.contract(topic);
    const isCaller = !(by instanceof Author);
    for (const [index, given] of incoming.entries()) {
      const one = contract !== undefined && "value" in given ? derive(contract, given) : given;
      const issue = "value" in one ? check(one, this.#deps.limits, isCaller) : one;
      if (issue !== undefined) refused.push({ ...issue, index });
      else if ("value" in one) {
        records.push(stamp(one, nowNs));
        indexes.push(index);
      }
    }
    const allowance = by instanceof Author ? undefined : by.allowance;
    allowance?.spend(records.length, bytesOf(records));
    const gate = this.#deps.gate.topic(topic);
    if (records.length === 0 || gate.isOpen) return { topic, records, refused, allowance };
    const issues = await this.#checkSchemas(gate, records);
    for (const [i, issue] of issues.entries()) {
      if (issue !== undefined) refused.push({ ...issue, index: indexes[i] ?? i });
    }
    return {
      topic,
      records: records.filter((_, i) => issues[i] === undefined),
      refused: refused.toSorted((a, b) => a.index - b.index),
      allowance,
    };
  }

  /** The second half: calls are handed to the log before they return, so they are appended in order. */
  async appendChecked(
    { topic, records, refused, allowance }: CheckedRecords,
    options?: AppendOptions,
  ): Promise<IngestResult> {
    if (records.length === 0) return { accepted: 0, refused, appended: undefined };
    const appended = await this.#append(topic, records, options, allowance);
    this.#deps.counts?.accepted.add(this.#source, records.length);
    this.#deps.gate.topic(topic).appended(appended.last);
    return { accepted: records.length, refused, appended };
  }

  /** Records that wait for a schema are in flight as well. */
  async #checkSchemas(
    gate: TopicGate,
    records: readonly LogRecord[],
  ): Promise<readonly (Issue | undefined)[]> {
    const { inFlight } = this.#deps;
    const bytes = bytesOf(records);
    inFlight.admit(bytes);
    try {
      return await gate.check(records);
    } finally {
      inFlight.release(bytes);
    }
  }

  /** Appends to a topic what its owner made itself: the records are not checked. */
  async appendRecords(
    author: Author,
    topic: string,
    records: readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    return await this.#append(this.#deps.rules.require(topic, "append", author), records, options);
  }

  async #append(
    topic: string,
    records: readonly LogRecord[],
    options?: AppendOptions,
    allowance?: Allowance,
  ): Promise<Appended> {
    const { inFlight, newTopics, log } = this.#deps;
    const bytes = bytesOf(records);
    inFlight.admit(bytes);
    try {
      return await appendOrCreate(log, newTopics, topic, Batch.of(records), options, allowance);
    } finally {
      inFlight.release(bytes);
    }
  }
}

function bytesOf(records: readonly LogRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += recordBytes(record);
  return bytes;
}

function derive(contract: RecordContract, incoming: IncomingRecord): IncomingRecord | Issue {
  const derived = contract(incoming);
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
