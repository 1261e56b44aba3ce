/**
 * A position is where a reader stands in a topic, and the one token for it on every face:
 * a page's `next`, an SSE `id:`, a WebSocket frame, an RPC message.
 *
 * Token: `<epoch>-<sequence>` or `<epoch>-<sequence>-<index>`, each number in base 36 behind one
 * character that tells its length. Tokens of one topic therefore sort as strings in the order of
 * their records. Index 0 is left out: only topics whose entries hold many records need one.
 */
import { Failure, quoted } from "./failure.ts";

/** All three are safe integers. Sequences start at 1; 0 stands before the first record. */
export interface Position {
  /** Milliseconds at which this life of the topic began; higher after the topic was re-created. */
  readonly epoch: number;
  /** The log entry, counted by the driver. */
  readonly sequence: number;
  /** Tells the records of one entry apart, in their order; the driver gives it its meaning. */
  readonly index: number;
}

/** No entry holds as many records; stores keep it in 32 bits. */
const indexMax = 2 ** 31 - 1;

const tokenPattern = /^([0-9a-z]{2,12})-([0-9a-z]{2,12})(?:-([0-9a-z]{2,12}))?$/;

/** Renders the token. Callers render one per record and format, so it stays allocation-light. */
export function renderPosition(position: Position): string {
  const { epoch, sequence, index } = position;
  // The records of a frame follow one another, and share all but the index.
  if (epoch !== rendered.epoch || sequence !== rendered.sequence) {
    rendered = { epoch, sequence, head: `${sortable(epoch)}-${sortable(sequence)}` };
  }
  return index === 0 ? rendered.head : `${rendered.head}-${sortable(index)}`;
}

let rendered = { epoch: -1, sequence: -1, head: "" };

/** Parses a token. Throws `invalid_position` with the quoted token and what is expected. */
export function parsePosition(token: string): Position {
  const match = tokenPattern.exec(token);
  const epoch = numberFromSortable(match?.[1]);
  const sequence = numberFromSortable(match?.[2]);
  const index = match?.[3] === undefined ? 0 : indexFromSortable(match[3]);
  if (epoch === undefined || sequence === undefined || index === undefined) {
    throw new Failure(
      "invalid_position",
      `Cannot parse position ${quoted(token)}: ${reason(token)}, expected <epoch>-<sequence> as an earlier answer gave it`,
    );
  }
  return { epoch, sequence, index };
}

/** Negative when `a` stands before `b`. Positions of an older epoch stand before all newer ones. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.sequence - b.sequence || a.index - b.index;
}

/** Where a reader of a fresh epoch stands before its first record. */
export function epochStart(epoch: number): Position {
  return { epoch, sequence: 0, index: 0 };
}

function sortable(value: number): string {
  const digits = value.toString(36);
  return digits.length.toString(36) + digits;
}

function numberFromSortable(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number.parseInt(text.slice(1), 36);
  // Only the canonical spelling is accepted: a padded one would compare wrongly as a string.
  return Number.isSafeInteger(value) && sortable(value) === text ? value : undefined;
}

/** 0 is left out where it could stand. */
function indexFromSortable(text: string): number | undefined {
  const index = numberFromSortable(text);
  return index !== undefined && index >= 1 && index <= indexMax ? index : undefined;
}

function reason(token: string): string {
  if (token === "") return "it is empty";
  return token.includes("-") ? "it is not in canonical form" : "it has no epoch";
}
