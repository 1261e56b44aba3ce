/**
 * Takes events of every protocol: checks them and appends them as they were sent, one record per
 * event, with the message id as key.
 */

import type { Caller } from "../../core/access/caller.ts";
import type { Turn } from "../../core/budget/turn.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure, type Issue } from "../../core/failure.ts";
import { withoutMark } from "../../core/json/json.ts";
import { memberElements } from "../../core/json/values.ts";
import type { Appended, AppendOptions } from "../../core/log.ts";
import type { RecordCounts, RecordSource } from "../../core/metrics/records.ts";
import type { Position } from "../../core/position.ts";
import { jsonType, type LogRecord } from "../../core/record.ts";
import type { Writer } from "../../ingest/writer.ts";
import { eventFromJsonBytes } from "./contract.ts";
import { type Checked, eventFromProtobuf, eventRequestType, type GivenEvent } from "./event.ts";

export interface EventIntakeDeps {
  /** The writer of the topic `lifecycle`. */
  readonly writer: Writer;
  /** For calls with a dedup id, which must be one append each. */
  readonly append: (
    by: Caller,
    records: readonly LogRecord[],
    options: AppendOptions,
  ) => Promise<Appended>;
  readonly clock: Clock;
  readonly recordBytesMax: number;
  readonly counts?: RecordCounts;
}

export interface BulkResult {
  readonly accepted: number;
  /** By index and field, at most `refusedMax`. */
  readonly refused: readonly Issue[];
  /** Position of the last accepted event; undefined when all were refused. */
  readonly position: Position | undefined;
}

/** Number of events in one call. */
export const bulkMax = 100_000;
/** Number of issues in one answer, which are some megabytes. Events past it are refused as well. */
const refusedMax = 10_000;
/** Events between two looks at the clock. */
const stepEvents = 16;

export class EventIntake {
  readonly #deps: EventIntakeDeps;
  #taken = 0;

  constructor(deps: EventIntakeDeps) {
    this.#deps = deps;
  }

  get recordBytesMax(): number {
    return this.#deps.recordBytesMax;
  }

  /** Numbers of events that this node accepted, and of those that are not durable yet. */
  stats(): { readonly taken: number; readonly pending: number } {
    return { taken: this.#taken, pending: this.#deps.writer.pending };
  }

  /**
   * Takes one event as JSON; resolves when it is durable. Throws `invalid` with each bad field, and
   * `forbidden` for an app that the caller may not append to.
   */
  take(json: Uint8Array, by: Caller, { dedupId }: AppendOptions = {}): Promise<Position> {
    const { issues, record } = this.#recordFrom(withoutMark(json), by);
    if (record === undefined) throw this.#refused(issues);
    this.#count("http", 1);
    by.allowance?.spend(1, json.byteLength);
    return dedupId === undefined
      ? this.#deps.writer.append(record, by)
      : this.#appendOnce([record], dedupId, by);
  }

  /** The same for an event that the gateway generated, with its JSON. */
  takeOwn(event: GivenEvent, json: Uint8Array, by: Caller): Promise<Position> {
    this.#count("http", 1);
    return this.#deps.writer.append(this.#record({ ok: true, event }, json, jsonType), by);
  }

  /** The same for the encoded `EventRequest` in `bytes[from … to]`, which is copied synchronously. */
  takeRequest(bytes: Uint8Array, from: number, to: number, by: Caller): Promise<Position> {
    // The four fields have bounds; unknown fields are bounded by the limit of a message.
    const checked = eventFromProtobuf(bytes, from, to);
    if (!checked.ok) throw this.#refused(checked.issues);
    by.require("append", "app", checked.event.appId);
    this.#count("rpc", 1);
    by.allowance?.spend(1, to - from);
    const value = bytes.subarray(from, to);
    return this.#deps.writer.append(this.#record(checked, value, eventRequestType), by);
  }

  /** Takes `{"events":[…]}`. Bad events are refused by index and field, the others are appended. */
  async takeBulk(
    json: Uint8Array,
    turn: Turn,
    by: Caller,
    { dedupId }: AppendOptions = {},
  ): Promise<BulkResult> {
    const bounds = { valuesMax: bulkMax, valueBytesMax: this.#deps.recordBytesMax };
    const values = await memberElements(json, "events", bounds, turn);
    if (values.length === 0) throw new Failure("invalid", "Cannot take the body: it has no events");
    const refused: Issue[] = [];
    const records: LogRecord[] = [];
    for (const [index, value] of values.entries()) {
      if (index % stepEvents === 0 && turn.isOver) await turn.next();
      const { issues, record } = this.#recordFrom(value, by);
      if (record !== undefined) records.push(record);
      else this.#deps.counts?.refuse(issues.slice(0, 1));
      const room = refusedMax - refused.length;
      refused.push(...issues.slice(0, room).map((issue) => ({ ...issue, index })));
    }
    this.#count("http", records.length);
    by.allowance?.spend(records.length, json.byteLength);
    const position =
      dedupId === undefined || records.length === 0
        ? await this.#deps.writer.appendAll(records, turn, by)
        : await this.#appendOnce(records, dedupId, by);
    return { accepted: records.length, refused, position };
  }

  #count(source: RecordSource, records: number): void {
    this.#taken += records;
    this.#deps.counts?.accepted.add(source, records);
  }

  #refused(issues: readonly Issue[]): Failure {
    this.#deps.counts?.refuse(issues.slice(0, 1));
    return refusal(issues);
  }

  #recordFrom(
    json: Uint8Array,
    by: Caller,
  ): {
    readonly issues: readonly Issue[];
    readonly record?: LogRecord;
  } {
    const { recordBytesMax } = this.#deps;
    if (json.byteLength > recordBytesMax) {
      const message = `Cannot take an event of ${json.byteLength} bytes: at most ${recordBytesMax} are`;
      return { issues: [{ field: "body", code: "too_large", message }] };
    }
    const checked = eventFromJsonBytes(json);
    if (!checked.ok) return { issues: checked.issues };
    const forbidden = by.issue("append", "app", checked.event.appId, "app_id");
    if (forbidden !== undefined) return { issues: [forbidden] };
    return { issues: [], record: this.#record(checked, json, jsonType) };
  }

  #record(
    { event: { messageId, createdNs } }: Extract<Checked, { ok: true }>,
    value: Uint8Array,
    contentType: string,
  ): LogRecord {
    const timeNs = createdNs ?? this.#deps.clock.nowNs();
    return { value, key: messageId, contentType, schemaId: 0, timeNs };
  }

  async #appendOnce(records: readonly LogRecord[], dedupId: string, by: Caller): Promise<Position> {
    return (await this.#deps.append(by, records, { dedupId })).last;
  }
}

function refusal(issues: readonly Issue[]): Failure {
  const [first] = issues;
  const message = first?.message ?? "Cannot take the event";
  return new Failure(first?.code ?? "invalid", message, { errors: issues });
}
