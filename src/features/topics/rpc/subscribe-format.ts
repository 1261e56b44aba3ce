/**
 * Renders one flush of the hub as a `SubscribeResponse`, once for all subscribers.
 *
 * For the binary codec the bytes are made here, and the message carries them as an unknown field,
 * which the encoder copies unchanged: otherwise it would encode the records for each subscriber.
 */

import { create } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { encodeFrame } from "../../../core/frame.ts";
import { type Position, renderPosition } from "../../../core/position.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { writeVarint } from "../../../core/wire.ts";
import {
  type SubscribeResponse,
  SubscribeResponseSchema,
} from "../../../gen/sluice/v1/consumer_pb.ts";
import type { Chunk, Format } from "../../../hub/chunk.ts";

const utf8 = new TextEncoder();

/** Bytes before a gRPC message: flags, and a length of four bytes. */
export const frameHeadBytes = 5;

// Tags: field number << 3 | wire type.
const RESPONSE_RECORDS = 0x0a;
const RESPONSE_POSITION = 0x12;
const STORED_POSITION = 0x12;
const STORED_RECEIVED_NS = 0x19;

/** A gRPC frame: flags, length, message. */
export const grpcFormat: Format<Uint8Array> = {
  render: ({ records, through }: Chunk) => renderGrpc(records, through),
};

export function renderGrpc(records: readonly StoredRecord[], through: Position): Uint8Array {
  const field = recordsField(records);
  const position = renderPosition(through);
  const out = new Uint8Array(frameHeadBytes + field.byteLength + 2 + position.length);
  new DataView(out.buffer).setUint32(1, out.byteLength - frameHeadBytes);
  out.set(field, frameHeadBytes);
  let at = frameHeadBytes + field.byteLength;
  out[at++] = RESPONSE_POSITION;
  out[at++] = position.length;
  utf8.encodeInto(position, out.subarray(at));
  return out;
}

/** Without records: the reader's position, and a sign that the stream is alive. */
export function positionResponse(position: Position): SubscribeResponse {
  return create(SubscribeResponseSchema, { position: renderPosition(position) });
}

export const binaryFormat: Format<SubscribeResponse> = {
  render({ records, through }: Chunk) {
    const response = positionResponse(through);
    if (records.length > 0) {
      // The encoder writes the first record's tag; those of the others are in the data.
      const data = recordsField(records).subarray(1);
      response.$unknown = [{ no: 1, wireType: WireType.LengthDelimited, data }];
    }
    return response;
  },
};

export const jsonFormat: Format<SubscribeResponse> = {
  render({ records, through }: Chunk) {
    return create(SubscribeResponseSchema, {
      records: records.map(({ record, position, receivedNs }) => ({
        record: { ...record, key: utf8.encode(record.key), headers: { ...record.headers } },
        position: renderPosition(position),
        receivedNs,
      })),
      position: renderPosition(through),
    });
  },
};

/** Each record as a field of the response, tag and length included. */
function recordsField(records: readonly StoredRecord[]): Uint8Array {
  const parts = records.map(({ record, position, receivedNs }) => ({
    // A frame of one record is that record as field 1, which is its field in StoredRecord as well.
    record: encodeFrame([record]),
    position: renderPosition(position),
    receivedNs,
  }));
  let bytesMax = 0;
  for (const { record, position } of parts) bytesMax += record.byteLength + position.length + 17;
  const out = new Uint8Array(bytesMax);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { record, position, receivedNs } of parts) {
    out[at++] = RESPONSE_RECORDS;
    at = writeVarint(out, at, record.byteLength + 2 + position.length + 9);
    out.set(record, at);
    at += record.byteLength;
    out[at++] = STORED_POSITION;
    // A token is ASCII of at most 38 characters.
    out[at++] = position.length;
    at += utf8.encodeInto(position, out.subarray(at)).written;
    out[at++] = STORED_RECEIVED_NS;
    view.setBigInt64(at, receivedNs, true);
    at += 8;
  }
  return out.subarray(0, at);
}
