/**
 * Reads `MarsWeb.GrpcService.EventRequest` (`schemas/marsweb/event.proto`) by hand, like `frame.ts`
 * reads records. Each event of a gRPC client is read here twice, and the generated code takes
 * several times as long. A test compares both.
 */

import { WireCursor } from "../../core/wire.ts";

export interface EventRequestFields {
  readonly appId: string;
  readonly messageId: string;
  readonly event: string;
  readonly createdAt: string;
}

const cursor = new WireCursor(new Uint8Array(0), 0, 0, "the EventRequest");

/** Omitted fields are empty. Throws `invalid` on bytes that are not such a message. */
export function readEventRequest(bytes: Uint8Array, from: number, to: number): EventRequestFields {
  const fields = ["", "", "", "", ""];
  cursor.reset(bytes, from, to);
  while (cursor.at < to) {
    const tag = cursor.varint();
    if (tag > 0xffff_ffff) throw cursor.malformed("a tag has more than 32 bits");
    const field = tag >>> 3;
    if (field < 1 || field > 4) cursor.skip(tag);
    else if ((tag & 7) === 2) fields[field] = cursor.text(cursor.delimited());
    else throw cursor.malformed(`field ${field} is not text`);
  }
  const [, appId = "", messageId = "", event = "", createdAt = ""] = fields;
  return { appId, messageId, event, createdAt };
}
