/**
 * The gate: every record, whatever face it came through, is checked and stamped here, and then
 * appended. Bad records are refused by index and the rest of their batch goes through.
 */
import { Batch } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import type { Issue } from "../core/failure.ts";
import type { Appended, AppendOptions, Log, TopicAdmin } from "../core/log.ts";
import type { RecordContract, RecordForms } from "../core/record-contract.ts";
import { endType, recordBytes, type LogRecord, type RecordHeaders } from "../core/record.ts";
import { parseName, type TopicSettings } from "../core/topic.ts";
import { appendOrCreate } from "./append.ts";
import type { SchemaGate, TopicGate } from "./schema-gate.ts";
import type { InFlight } from "./in-flight.ts";
import type { IngestLimits } from "./limits.ts";

/** A record as a face decoded it: unchecked, and perhaps without a time. */
export interface IncomingRecords {
  readonly value: Uint8Array;
  readonly key?: string;
  readonly contentType: string;
  readonly schemaId?: number;
  readonly timeNs?: bigint;
  readonly headers?: RecordHeaders;
}

/** Records that may be appended, and those of their call that may not. */
export interface CheckedRecords {
  readonly topic: string;
  readonly records: readonly LogRecord[];
  readonly refused: readonly Issue[];
}

export interface IngestResult {
  readonly accepted: number;
  readonly refused: readonly Issue[];
  /** Where the accepted ones are; undefined when there are none. */
  readonly appended: Appended | undefined;
}

export interface IngestParts {
  readonly log: Log & TopicAdmin;
  readonly clock: Clock;
  readonly gate: SchemaGate;
  /** Of the topics whose records have a form of their own. */
  readonly forms?: RecordForms;
  readonly limits: IngestLimits;
  readonly inFlight: InFlight;
  /** What a topic that comes to be by its first append is made with; undefined forbids it. */
  readonly newTopics: TopicSettings | undefined;
}

export class Ingest {
  readonly #parts: IngestParts;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  get inFlightBytes(): number {
    return this.#parts.inFlight.bytes;
  }

  /**
   * Checks, stamps and appends; resolves once the log has them. Throws `overloaded` when too much
   * is in flight, `not_found` where a topic may not come to be by an append, and what the log
   * throws. `offered` may hold issues in place of records that a face could not decode.
   */
  async append(
    topic: string,
    offered: readonly (IncomingRecords | Issue)[],
    options?: AppendOptions,
  ): Promise<IngestResult> {
    return await this.appendChecked(await this.check(topic, offered), options);
  }

  /**
   * The first half of `append`. It takes time where a schema is to be looked up: who has an order to
   * keep waits for it.
   */
  async check(
    topic: string,
    offered: readonly (IncomingRecords | Issue)[],
  ): Promise<CheckedRecords> {
    parseName(topic, "topic");
    const refused: (Issue & { readonly index: number })[] = [];
    const records: LogRecord[] = [];
    const indexes: number[] = [];
    const nowNs = this.#parts.clock.nowNs();
    const form = this.#parts.forms?.get(topic);
    for (const [index, given] of offered.entries()) {
      const one = form !== undefined && "value" in given ? formed(form, given) : given;
      const issue = "value" in one ? check(one, this.#parts.limits) : one;
      if (issue !== undefined) refused.push({ ...issue, index });
      else if ("value" in one) {
        records.push(stamp(one, nowNs));
        indexes.push(index);
      }
    }
    const gate = this.#parts.gate.topic(topic);
    if (records.length === 0 || gate.isOpen) return { topic, records, refused };
    const issues = await this.#pass(gate, records);
    for (const [i, issue] of issues.entries()) {
      if (issue !== undefined) refused.push({ ...issue, index: indexes[i] ?? i });
    }
    return {
      topic,
      records: records.filter((_, i) => issues[i] === undefined),
      refused: refused.toSorted((a, b) => a.index - b.index),
    };
  }

  /** The second half: handed to the log before it returns, so calls in order are appended in order. */
  async appendChecked(
    { topic, records, refused }: CheckedRecords,
    options?: AppendOptions,
  ): Promise<IngestResult> {
    if (records.length === 0) return { accepted: 0, refused, appended: undefined };
    const appended = await this.appendRecords(topic, records, options);
    this.#parts.gate.topic(topic).appended(appended.last);
    return { accepted: records.length, refused, appended };
  }

  /** What is in line for a schema is in flight as well. */
  async #pass(
    gate: TopicGate,
    records: readonly LogRecord[],
  ): Promise<readonly (Issue | undefined)[]> {
    const { inFlight } = this.#parts;
    const bytes = bytesOf(records);
    inFlight.admit(bytes);
    try {
      return await gate.check(records);
    } finally {
      inFlight.release(bytes);
    }
  }

  /** The same for records that Sluice made itself. */
  async appendRecords(
    topic: string,
    records: readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    const { inFlight, newTopics, log } = this.#parts;
    const bytes = bytesOf(records);
    inFlight.admit(bytes);
    try {
      return await appendOrCreate(log, newTopics, topic, Batch.of(records), options);
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

function formed(form: RecordContract, offered: IncomingRecords): IncomingRecords | Issue {
  const made = form(offered);
  if (!("key" in made)) return made;
  const { key, contentType, timeNs } = made;
  const ours = { ...offered, key, contentType };
  return timeNs === undefined ? ours : { ...ours, timeNs };
}

function stamp(offered: IncomingRecords, nowNs: bigint): LogRecord {
  const record = {
    value: offered.value,
    key: offered.key ?? "",
    contentType: offered.contentType,
    schemaId: offered.schemaId ?? 0,
    timeNs: offered.timeNs ?? nowNs,
  };
  return offered.headers === undefined ? record : { ...record, headers: offered.headers };
}

function check(offered: IncomingRecords, limits: IngestLimits): Issue | undefined {
  const bytes = offered.value.byteLength;
  if (bytes > limits.recordBytesMax) {
    return issue(
      "too_large",
      "value",
      `Cannot take a record of ${bytes} bytes: at most ${limits.recordBytesMax} are`,
    );
  }
  if (offered.contentType === endType) {
    return issue(
      "invalid",
      "content_type",
      `Cannot use content type "${endType}": it is Sluice's own`,
    );
  }
  const { key } = offered;
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
  const headers = offered.headers === undefined ? 0 : Object.keys(offered.headers).length;
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
