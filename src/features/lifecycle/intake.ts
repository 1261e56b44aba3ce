/**
 * Events in: whatever face they came through, they are checked here and appended as they were given,
 * one record an event, under its message id.
 */
import type { Clock } from "../../core/clock.ts";
import { Failure, type Issue, invalidField } from "../../core/failure.ts";
import {
  eventFromProtobuf,
  eventRequestType,
  lifecycleTopic,
  type Checked,
  type GivenEvent,
} from "./event.ts";
import { arrayElements, checkJson, jsonMembers } from "../../core/json.ts";
import type { Appended, AppendOptions } from "../../core/log.ts";
import type { Position } from "../../core/position.ts";
import { jsonType, type LogRecord } from "../../core/record.ts";
import type { Writer } from "../../ingest/writer.ts";
import { eventFromJsonBytes } from "./contract.ts";

export interface IntakeParts {
  /** Of the topic `lifecycle`. */
  readonly writer: Writer;
  /** For calls with a dedup id, which are an append of their own. */
  readonly append: (
    topic: string,
    records: readonly LogRecord[],
    options: AppendOptions,
  ) => Promise<Appended>;
  readonly clock: Clock;
  readonly recordBytesMax: number;
}

export interface BulkTaken {
  readonly accepted: number;
  /** By index and field, at most `refusedMax`. */
  readonly refused: readonly Issue[];
  /** Of the last accepted event; undefined when there is none. */
  readonly position: Position | undefined;
}

/** Events of one call. */
export const bulkMax = 100_000;
/** Issues in one answer: some megabytes. What is not named is not accepted either. */
const refusedMax = 10_000;
/** About a millisecond of work: a bulk does not keep other calls waiting. */
const eventsPerTurn = 500;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

export class EventIntake {
  readonly #parts: IntakeParts;
  #taken = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Events that passed the checks of this node, and those of them that are not durable yet. */
  stats(): { readonly taken: number; readonly pending: number } {
    return { taken: this.#taken, pending: this.#parts.writer.pending };
  }

  /** Takes one event as JSON; resolves once it is durable. Throws `invalid`, naming each field. */
  take(json: Uint8Array, { dedupId }: AppendOptions = {}): Promise<Position> {
    const { issues, record } = this.#recordFrom(json);
    if (record === undefined) throw refusal(issues);
    this.#taken++;
    return dedupId === undefined
      ? this.#parts.writer.append(record)
      : this.#appendOnce([record], dedupId);
  }

  /** The same for an event that this gateway made itself, and its JSON. */
  takeOwn(event: GivenEvent, json: Uint8Array): Promise<Position> {
    this.#taken++;
    return this.#parts.writer.append(this.#record({ ok: true, event }, json, jsonType));
  }

  /** The same for an encoded `EventRequest`, `bytes[from … to]`, which is copied before this returns. */
  takeRequest(bytes: Uint8Array, from: number, to: number): Promise<Position> {
    // Its four fields are bounded by themselves; what is unknown of it is by the message's own bound.
    const checked = eventFromProtobuf(bytes, from, to);
    if (!checked.ok) throw refusal(checked.issues);
    this.#taken++;
    const value = bytes.subarray(from, to);
    return this.#parts.writer.append(this.#record(checked, value, eventRequestType));
  }

  /** Takes `{"events":[…]}`. What is wrong is refused by index and field, the rest is kept. */
  async takeBulk(json: Uint8Array, { dedupId }: AppendOptions = {}): Promise<BulkTaken> {
    const values = eventsOf(json);
    const refused: Issue[] = [];
    const records: LogRecord[] = [];
    for (const [index, value] of values.entries()) {
      if (index > 0 && index % eventsPerTurn === 0) await turn(this.#parts.clock);
      const { issues, record } = this.#recordFrom(value);
      if (record !== undefined) records.push(record);
      const room = refusedMax - refused.length;
      refused.push(...issues.slice(0, room).map((issue) => ({ ...issue, index })));
    }
    this.#taken += records.length;
    const position =
      dedupId === undefined || records.length === 0
        ? await this.#parts.writer.appendAll(records)
        : await this.#appendOnce(records, dedupId);
    return { accepted: records.length, refused, position };
  }

  #recordFrom(json: Uint8Array): {
    readonly issues: readonly Issue[];
    readonly record?: LogRecord;
  } {
    const checked = eventFromJsonBytes(json);
    if (!checked.ok) return { issues: checked.issues };
    const { recordBytesMax } = this.#parts;
    if (json.byteLength > recordBytesMax) {
      const message = `Cannot take an event of ${json.byteLength} bytes: at most ${recordBytesMax} are`;
      return { issues: [{ field: "body", code: "too_large", message }] };
    }
    return { issues: [], record: this.#record(checked, json, jsonType) };
  }

  #record(
    { event: { messageId, createdNs } }: Extract<Checked, { ok: true }>,
    value: Uint8Array,
    contentType: string,
  ): LogRecord {
    const timeNs = createdNs ?? this.#parts.clock.nowNs();
    return { value, key: messageId, contentType, schemaId: 0, timeNs };
  }

  async #appendOnce(records: readonly LogRecord[], dedupId: string): Promise<Position> {
    return (await this.#parts.append(lifecycleTopic, records, { dedupId })).last;
  }
}

function refusal(issues: readonly Issue[]): Failure {
  const [first] = issues;
  const message = first?.message ?? "Cannot take the event";
  return new Failure(first?.code ?? "invalid", message, { errors: issues });
}

/** The events' own bytes. Throws `invalid` for another body, `too_large` for too many. */
function eventsOf(body: Uint8Array): readonly Uint8Array[] {
  const whole = checkJson(body);
  if (!whole.ok) throw new Failure("invalid", whole.message);
  const events = jsonMembers(strictUtf8.decode(whole.value))?.get("events");
  if (events?.startsWith("[") !== true) {
    throw invalidField(
      "events",
      'Cannot take the body: it has no array "events", expected {"events":[…]}',
    );
  }
  const values = arrayElements(new TextEncoder().encode(events));
  if (values.length === 0) throw new Failure("invalid", "Cannot take the body: it has no events");
  if (values.length > bulkMax) {
    const message = `Cannot take ${values.length} events: at most ${bulkMax} in a call`;
    throw new Failure("too_large", message);
  }
  return values;
}

function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(0, resolve));
}
