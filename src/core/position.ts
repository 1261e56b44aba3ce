/**
 * A position is a reader's place in a topic. Its token is the same in every protocol: in a page's
 * `next`, an SSE `id:`, a WebSocket frame and an RPC message.
 *
 * Token: `<epoch>-<sequence>` or `<epoch>-<sequence>-<index>`, each number in base 36 after one
 * character with its length. Tokens of one topic therefore sort as strings in the order of
 * their records. Index 0 is left out: only topics whose entries hold many records need one.
 */

import { Failure, quoted } from "./failure.ts";

/** All three are safe integers. Sequences start at 1; 0 is before the first record. */
export interface Position {
  /** When this incarnation of the topic began, in milliseconds; higher after the topic was recreated. */
  readonly epoch: number;
  /** The log entry, counted by the driver. */
  readonly sequence: number;
  /** Distinguishes the records of one entry, in their order; its meaning is the driver's. */
  readonly index: number;
}

/** No entry has as many records; stores keep it in 32 bits. */
const indexMax = 2 ** 31 - 1;

const tokenPattern = /^([0-9a-z]{2,12})-([0-9a-z]{2,12})(?:-([0-9a-z]{2,12}))?$/;

/** Renders the token. Callers render one per record and format, so it stays allocation-light. */
export function renderPosition(position: Position): string {
  const { epoch, sequence, index } = position;
  // The records of a frame follow one another and differ only in the index.
  if (epoch !== rendered.epoch || sequence !== rendered.sequence) {
    const start = epoch === rendered.epoch ? rendered.start : `${sortable(epoch)}-`;
    rendered = { epoch, sequence, start, head: start + sortable(sequence) };
  }
  return index === 0 ? rendered.head : `${rendered.head}-${sortable(index)}`;
}

let rendered = { epoch: -1, sequence: -1, start: "", head: "" };

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

/** Negative when `a` is before `b`. Positions of an older epoch are before all newer ones. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.sequence - b.sequence || a.index - b.index;
}

/** A reader's position in a new epoch, before its first record. */
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

/** Index 0 has no canonical spelling: it is left out. */
function indexFromSortable(text: string): number | undefined {
  const index = numberFromSortable(text);
  return index !== undefined && index >= 1 && index <= indexMax ? index : undefined;
}

function reason(token: string): string {
  if (token === "") return "it is empty";
  return token.includes("-") ? "it is not in canonical form" : "it has no epoch";
}
