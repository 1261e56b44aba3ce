/** Records as the JSON of pages and WebSocket messages. */
import { isJsonType, type LogRecord, type StoredRecord } from "../core/record.ts";
import { renderPosition, type Position } from "../core/position.ts";
import { renderTime } from "../core/time.ts";

const text = new TextDecoder();

/** `{"position","time","key"?,"data"}`; data is the record's own JSON text, never re-rendered. */
export function renderEvent({ record, position }: StoredRecord): string {
  const key = record.key === "" ? "" : `"key":${JSON.stringify(record.key)},`;
  const time = renderTime(record.timeNs);
  return `{"position":"${renderPosition(position)}","time":"${time}",${key}"data":${renderData(record)}}`;
}

/** The record's JSON as it was appended, `{"base64":"…"}` where it is not JSON. */
export function renderData(record: LogRecord): string {
  if (isJsonType(record.contentType)) return text.decode(record.value);
  return `{"base64":"${record.value.toBase64()}"}`;
}

export interface RenderedPage {
  readonly events: readonly StoredRecord[];
  readonly next: Position | null;
  readonly prev: Position | null;
}

/** `{"events":[…],"next","prev"}`. */
export function renderPage({ events, next, prev }: RenderedPage): string {
  return `{"events":[${events.map(renderEvent).join(",")}],"next":${token(next)},"prev":${token(prev)}}`;
}

function token(position: Position | null): string {
  return position === null ? "null" : `"${renderPosition(position)}"`;
}
