/**
 * Reads and writes `MarsWeb.GrpcService.EventRequest` by hand, as `frame.ts` does with records: each
 * event of a gRPC client passes here twice, and the generated code takes several times as long. A
 * test holds it against that code. The wire form is that of `schemas/marsweb/event.proto`.
 */
import { Failure } from "../../core/failure.ts";

export interface EventRequestFields {
  readonly appId: string;
  readonly messageId: string;
  readonly event: string;
  readonly createdAt: string;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Fields that are left out are empty. Throws `invalid` on bytes that are no such message. */
export function readEventRequest(bytes: Uint8Array, from: number, to: number): EventRequestFields {
  const fields = ["", "", "", "", ""];
  let at = from;
  while (at < to) {
    const tag = varint();
    if (tag > 0xffff_ffff) throw malformed("a tag has more than 32 bits");
    const field = tag >>> 3;
    const wireType = tag & 7;
    if (field === 0) throw malformed("a field has the number 0");
    if (wireType === 2) {
      const length = varint();
      if (length > to - at) throw malformed("a field reaches past its end");
      if (field <= 4) fields[field] = text(at, at + length);
      at += length;
    } else if (field <= 4) throw malformed(`field ${field} is no text`);
    else if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else throw malformed(`wire type ${wireType} is unknown`);
  }
  if (at !== to) throw malformed("a field reaches past its end");
  const [, appId = "", messageId = "", event = "", createdAt = ""] = fields;
  return { appId, messageId, event, createdAt };

  function varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (at >= to) throw malformed("a varint reaches past its end");
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw malformed("a varint is longer than 10 bytes");
  }

  function text(start: number, end: number): string {
    try {
      return strictUtf8.decode(bytes.subarray(start, end));
    } catch {
      throw malformed("a text is not UTF-8");
    }
  }
}

function malformed(what: string): Failure {
  return new Failure("invalid", `Cannot decode the EventRequest: ${what}`);
}
