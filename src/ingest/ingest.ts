/**
 * The gate: every record, whatever face it came through, is checked and stamped here, and then
 * appended. Bad records are refused by index and the rest of their batch goes through.
 */
import type { Clock } from "../core/clock.ts";
import { Failure, type Issue } from "../core/failure.ts";
import type { Appended, AppendOptions, Log, TopicAdmin } from "../core/log.ts";
import { endType, recordBytes, type LogRecord, type RecordHeaders } from "../core/record.ts";
import { parseName, type TopicSettings } from "../core/topic.ts";

/** A record as a face decoded it: unchecked, and perhaps without a time. */
export interface Offered {
  readonly value: Uint8Array;
  readonly key?: string;
  readonly contentType: string;
  readonly schemaId?: number;
  readonly timeNs?: bigint;
  readonly headers?: RecordHeaders;
}

export interface IngestLimits {
  readonly recordBytesMax: number;
  readonly keyBytesMax: number;
  readonly headersMax: number;
  /** Bytes that are appended but not yet durable, of all calls together. */
  readonly inFlightBytesMax: number;
}

export const defaultIngestLimits: IngestLimits = {
  recordBytesMax: 1024 * 1024,
  keyBytesMax: 512,
  headersMax: 64,
  // A quarter second of a fast disk: more would only be latency.
  inFlightBytesMax: 64 * 1024 * 1024,
};

export interface IngestResult {
  readonly accepted: number;
  readonly refused: readonly Issue[];
  /** Where the accepted ones are; undefined when there are none. */
  readonly appended: Appended | undefined;
}

export interface IngestParts {
  readonly log: Log & TopicAdmin;
  readonly clock: Clock;
  readonly limits: IngestLimits;
  /** What a topic that comes to be by its first append is made with; undefined forbids it. */
  readonly newTopics: TopicSettings | undefined;
}

export class Ingest {
  readonly #parts: IngestParts;
  #inFlightBytes = 0;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /**
   * Checks, stamps and appends; resolves once the log has them. Throws `overloaded` when too much
   * is in flight, `not_found` where a topic may not come to be by an append, and what the log
   * throws. `offered` may hold issues in place of records that a face could not decode.
   */
  async append(
    topic: string,
    offered: readonly (Offered | Issue)[],
    options?: AppendOptions,
  ): Promise<IngestResult> {
    parseName(topic, "topic");
    const refused: Issue[] = [];
    const records: LogRecord[] = [];
    const nowNs = this.#parts.clock.nowNs();
    for (const [index, one] of offered.entries()) {
      const issue = "value" in one ? check(one, this.#parts.limits) : one;
      if (issue !== undefined) refused.push({ ...issue, index });
      else if ("value" in one) records.push(stamp(one, nowNs));
    }
    if (records.length === 0) return { accepted: 0, refused, appended: undefined };
    const appended = await this.appendRecords(topic, records, options);
    return { accepted: records.length, refused, appended };
  }

  /** The same for records that Sluice made itself. */
  async appendRecords(
    topic: string,
    records: readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    let bytes = 0;
    for (const record of records) bytes += recordBytes(record);
    this.#admit(bytes);
    try {
      return await this.#appendOrCreate(topic, records, options);
    } finally {
      this.#inFlightBytes -= bytes;
    }
  }

  #admit(bytes: number): void {
    const max = this.#parts.limits.inFlightBytesMax;
    // One call is always let in, however large: it could never be retried with success otherwise.
    if (this.#inFlightBytes > 0 && this.#inFlightBytes + bytes > max) {
      throw new Failure(
        "overloaded",
        `Cannot append ${bytes} bytes: ${this.#inFlightBytes} are not yet durable, at most ${max} may be`,
        { retryAfterMs: 1000 },
      );
    }
    this.#inFlightBytes += bytes;
  }

  async #appendOrCreate(
    topic: string,
    records: readonly LogRecord[],
    options: AppendOptions | undefined,
  ): Promise<Appended> {
    const { log, newTopics } = this.#parts;
    try {
      return await log.append(topic, records, options);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "not_found") throw error;
      if (newTopics === undefined) throw error;
    }
    try {
      await log.create(topic, newTopics);
    } catch (error) {
      // Made by someone else in the same moment, with settings of their own: theirs stand.
      if (!(error instanceof Failure) || error.code !== "conflict") throw error;
    }
    return await log.append(topic, records, options);
  }
}

function stamp(offered: Offered, nowNs: bigint): LogRecord {
  const record = {
    value: offered.value,
    key: offered.key ?? "",
    contentType: offered.contentType,
    schemaId: offered.schemaId ?? 0,
    timeNs: offered.timeNs ?? nowNs,
  };
  return offered.headers === undefined ? record : { ...record, headers: offered.headers };
}

function check(offered: Offered, limits: IngestLimits): Issue | undefined {
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
