/** The values of a spreadsheet's cells, by their types and number formats (ECMA-376, 18.3.1.4 and 18.8.30). */

import { parseCivilTime } from "../../core/civil-time.ts";
import { renderTime } from "../../core/time.ts";
import { type Cell, emptyCell, isJsonNumber, textCell, wholeNumber } from "./sheet.ts";

export interface RawCell {
  /** The attribute `t`; `n` without one. */
  readonly type: string;
  /** The attribute `s`: an index into the cell formats; `0` without one. */
  readonly style: string;
  /** The text of `<v>`, or of `<is>`. */
  readonly value: string | undefined;
  readonly isFormula: boolean;
}

export interface WorkbookParts {
  readonly sharedStrings: readonly string[];
  /** For each cell format, whether its numbers are times. */
  readonly isTime: readonly boolean[];
  readonly from1904: boolean;
}

export function cellFromRaw(raw: RawCell, parts: WorkbookParts): Cell {
  const { type, value, isFormula } = raw;
  if (value === undefined || (value === "" && type !== "str")) {
    if (!isFormula) return emptyCell;
    return { problem: "its formula has no value, expected a file that was calculated when saved" };
  }
  switch (type) {
    case "n":
      return numberCell(raw.style, value.trim(), parts);
    case "s": {
      const text = parts.sharedStrings[wholeNumber(value) ?? -1];
      if (text !== undefined) return textCell(text);
      return { problem: `it points to text ${value}, which the file does not have` };
    }
    case "str":
    case "inlineStr":
      return textCell(unescaped(value));
    case "b":
      if (value === "1" || value === "0") return { json: value === "1" ? "true" : "false" };
      return { problem: `it is the boolean "${value}", expected 1 or 0` };
    case "d":
      return isoCell(value.trim());
    case "e":
      return { problem: `it contains the error ${value}` };
    default:
      return { problem: `it is of type "${type}", which no spreadsheet has` };
  }
}

/** The format without a style, also where the workbook has no styles: a number. */
const generalStyle = "0";

function numberCell(style: string, value: string, parts: WorkbookParts): Cell {
  if (!isJsonNumber(value)) return { problem: `it is the number "${value}", which is not one` };
  const isTime = parts.isTime[wholeNumber(style) ?? -1];
  // It might be a time, whose number would be sent as a value.
  if (isTime === undefined && style !== generalStyle) {
    return { problem: `it has cell format ${style}, which the file does not have` };
  }
  if (isTime !== true) return { json: value };
  const time = timeFromSerial(Number(value), parts.from1904);
  if (time !== undefined) return textCell(time);
  return { problem: `it is the date ${value}, expected one from 1900 to 9999` };
}

/** A date, a time of day, or both, in the same form as those that are numbers. */
function isoCell(text: string): Cell {
  const time = parseCivilTime(text);
  if (time !== undefined) return textCell(renderMs(time.ms));
  const clock = parseCivilTime(`1970-01-01T${text}`);
  if (clock !== undefined && clock.zone === undefined) return textCell(renderClock(clock.ms));
  return { problem: `it is the date "${text}", expected one of ISO 8601` };
}

const dayMs = 24 * 60 * 60 * 1000;
const days1904 = 1462;
/** The 31st of December 9999, counted from 1900. */
const daysMax = 2_958_465;

/**
 * RFC 3339 in UTC, to the millisecond: a spreadsheet's times have no zone. A time of day alone
 * (below one day) is `hh:mm:ss`. Undefined outside of what spreadsheets have.
 */
export function timeFromSerial(serial: number, from1904: boolean): string | undefined {
  const days = from1904 ? serial + days1904 : serial;
  if (!(serial >= 0 && days < daysMax + 1)) return undefined;
  // The last half of a millisecond of a day is rounded to the next one.
  const ms = Math.round(serial * dayMs);
  if (ms < dayMs) return renderClock(ms);
  // Spreadsheets that count from 1900 count a 29th of February 1900, which there never was.
  const since1970 = days - (days < 60 ? 25_568 : 25_569);
  return renderMs(Math.round(since1970 * dayMs));
}

/** `ms` since midnight. */
function renderClock(ms: number): string {
  return renderMs(ms).slice("1970-01-01T".length, -1);
}

function renderMs(ms: number): string {
  return renderTime(BigInt(ms) * 1_000_000n);
}

/** Formats that every workbook has; 46 is a duration. */
const timeFormats = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 47, 50, 51, 52,
  53, 54, 55, 56, 57, 58,
]);

/** Spreadsheets take no longer ones. */
const formatCodeMax = 255;

/** `code` is the workbook's own format of this id, if it has one. */
export function isTimeFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return timeFormats.has(id);
  const [first = ""] = code
    .slice(0, formatCodeMax)
    .replaceAll(/"[^"]*"|\\.|_.|\*./g, "")
    .split(";");
  // Hours past a day: what is shown is a length of time, not a time.
  if (/\[(h+|m+|s+)\]/i.test(first)) return false;
  const bare = first.replaceAll(/\[[^\]]*\]/g, "");
  return !/^general$/i.test(bare.trim()) && /[ymdhs]/i.test(bare);
}

/** `_x000D_` stands for a character that XML cannot hold (ECMA-376, 22.9.2.19). */
export function unescaped(text: string): string {
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
