/** Exports as text: lines of JSON, and CSV. */

import { valueBytes, valuesToNumbers } from "../measurement.ts";
import type { ExportFormat } from "../query/export.ts";
import { renderMeasurement } from "./series-json.ts";

const utf8 = new TextEncoder();

/** A line is what `POST /save` takes: an export can be sent back. */
export const ndjsonFormat: ExportFormat = {
  contentType: "application/x-ndjson",
  extension: "ndjson",
  async *write(tag, pages) {
    const tagJson = JSON.stringify(tag);
    for await (const points of pages) {
      yield utf8.encode(points.map((point) => `${renderMeasurement(tagJson, point)}\n`).join(""));
    }
  },
};

/**
 * RFC 4180, `time,tag,v0,…` with as many values as the widest point of the first page; a later one
 * that has more gets fields without a name rather than lose them.
 */
export const csvFormat: ExportFormat = {
  contentType: "text/csv; charset=utf-8; header=present",
  extension: "csv",
  async *write(tag, pages) {
    const tagField = /[",\r\n]/.test(tag) ? `"${tag.replaceAll('"', '""')}"` : tag;
    let width: number | undefined;
    for await (const points of pages) {
      let text = "";
      if (width === undefined) {
        width = Math.max(0, ...points.map(({ values }) => values.byteLength / valueBytes));
        text = csvHeader(width);
      }
      for (const point of points) {
        const values = valuesToNumbers(point);
        const missing = ",".repeat(Math.max(0, width - values.length));
        text += `${point.timeNs},${tagField},${values.join(",")}${missing}\r\n`;
      }
      yield utf8.encode(text);
    }
    if (width === undefined) yield utf8.encode(csvHeader(0));
  },
};

function csvHeader(width: number): string {
  return `time,tag${Array.from({ length: width }, (_, i) => `,v${i}`).join("")}\r\n`;
}
