/** Live measurements as server-sent events: `data:` as `POST /save` takes it, however it came in. */

import { renderPosition } from "../../../core/position.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { sseFormat } from "../../../http/sse.ts";
import type { Format } from "../../../hub/chunk.ts";
import { measurementFromRecord } from "../record.ts";
import { renderMeasurement } from "./series-json.ts";

const utf8 = new TextEncoder();

/** Undefined where nothing in the chunk is a measurement. */
export const measurementSse: Format<Uint8Array | undefined> = {
  render(chunk) {
    if (chunk.records.length === 0) return sseFormat.render(chunk);
    const events = chunk.records.map(renderEvent).join("");
    return events === "" ? undefined : utf8.encode(events);
  },
};

function renderEvent({ record, position }: StoredRecord): string {
  try {
    const measurement = measurementFromRecord(record);
    const data = renderMeasurement(JSON.stringify(measurement.tag), measurement);
    return `id:${renderPosition(position)}\ndata:${data}\n\n`;
  } catch {
    // The projection counts and reports it, and skips it.
    return "";
  }
}
