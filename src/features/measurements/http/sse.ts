/** Live measurements, as server-sent events and on sockets: as `POST /save` takes them, however they came in. */

import { renderPosition } from "../../../core/position.ts";
import { jsonType, type StoredRecord } from "../../../core/record.ts";
import { shownOnce, type SocketTarget } from "../../../http/live/target.ts";
import { sseFormat } from "../../../http/sse.ts";
import { Chunk, type Format } from "../../../hub/chunk.ts";
import { measurementsTopic } from "../measurement.ts";
import { measurementFromRecord } from "../record.ts";
import { renderMeasurement } from "./series-json.ts";
import { parseTag } from "./series-params.ts";

const utf8 = new TextEncoder();

/** Undefined where nothing in the chunk is a measurement. */
export const measurementSse: Format<Uint8Array | undefined> = {
  render(chunk) {
    if (chunk.records.length === 0) return sseFormat.render(chunk);
    const events = chunk.records.map(renderEvent).join("");
    return events === "" ? undefined : utf8.encode(events);
  },
};

export const seriesTarget: SocketTarget = {
  kind: "series",
  watch(name, caller) {
    const tag = parseTag(name, "series");
    caller.require("read", "series", tag);
    return { topic: measurementsTopic, key: tag, show };
  },
};

const show = shownOnce((chunk) => {
  const records = chunk.records.flatMap((stored) => {
    const json = jsonOf(stored);
    if (json === undefined) return [];
    return [
      { ...stored, record: { ...stored.record, value: utf8.encode(json), contentType: jsonType } },
    ];
  });
  return new Chunk(chunk.topic, chunk.key, records, chunk.through);
});

function renderEvent(stored: StoredRecord): string {
  const data = jsonOf(stored);
  return data === undefined ? "" : `id:${renderPosition(stored.position)}\ndata:${data}\n\n`;
}

function jsonOf({ record }: StoredRecord): string | undefined {
  try {
    const measurement = measurementFromRecord(record);
    return renderMeasurement(JSON.stringify(measurement.tag), measurement);
  } catch {
    // The projection counts and reports it, and skips it.
    return undefined;
  }
}
