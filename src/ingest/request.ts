/** What a request says beside its records: topic, producer, when a record counts as accepted. */

import { Buffer } from "node:buffer";
import { Failure, invalidField } from "../core/failure.ts";
import { FRAME_RECORDS } from "../core/frame.ts";
import { WireCursor } from "../core/wire.ts";

export interface Head {
  /** Undefined: the last named. */
  readonly topic: string | undefined;
  readonly producer: ProducerHead | undefined;
  readonly ack: "durable" | "received" | undefined;
}

export interface ProducerHead {
  /** Empty: the last named. */
  readonly id: string;
  readonly epoch: number;
  /** Of the request's first record. */
  readonly sequence: number;
}

// The same fields in CollectRequest, IngestRequest and PublishRequest.
const TOPIC = 0x12;
const PRODUCER = 0x1a;
const ACK = 0x20;
const PRODUCER_ID = 0x0a;
const PRODUCER_EPOCH = 0x10;
const PRODUCER_SEQUENCE = 0x18;

const idBytesMax = 128;
const noProducer: ProducerHead = { id: "", epoch: 0, sequence: 0 };
const cursor = new WireCursor(new Uint8Array(0));

/** Undefined for a message of nothing but records. Throws `invalid` on bytes that are no message, `too_large` past `recordsMax`. */
export function readHead(
  bytes: Uint8Array,
  from: number,
  to: number,
  recordsMax: number,
): Head | undefined {
  cursor.reset(bytes, from, to);
  let topic: string | undefined;
  let producer: ProducerHead | undefined;
  let ack: Head["ack"];
  let isPlain = true;
  let records = 0;
  while (cursor.at < to) {
    const tag = cursor.varint();
    if (tag === FRAME_RECORDS) {
      // Counted before any of them is taken: they would be the work of seconds.
      if (++records > recordsMax) throw tooMany(recordsMax);
      cursor.at = cursor.delimited();
      continue;
    }
    isPlain = false;
    if (tag === TOPIC) {
      const text = cursor.text(cursor.delimited());
      topic = text === "" ? undefined : text;
    } else if (tag === PRODUCER) producer = readProducer(cursor.delimited(), producer);
    else if (tag === ACK) ack = cursor.uint32() === 2 ? "received" : "durable";
    else cursor.skip(tag);
  }
  if (producer !== undefined) checkProducer(producer);
  return isPlain ? undefined : { topic, producer, ack };
}

/** A message that comes several times is merged, as everywhere in protobuf. */
function readProducer(end: number, before: ProducerHead | undefined): ProducerHead {
  const outer = cursor.end;
  cursor.end = end;
  let { id, epoch, sequence } = before ?? noProducer;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === PRODUCER_ID) id = cursor.text(cursor.delimited());
    else if (tag === PRODUCER_EPOCH) epoch = cursor.uint32();
    else if (tag === PRODUCER_SEQUENCE) sequence = cursor.varint();
    else cursor.skip(tag);
  }
  cursor.end = outer;
  return { id, epoch, sequence };
}

function checkProducer({ id, sequence }: ProducerHead): void {
  const bytes = Buffer.byteLength(id);
  if (bytes > idBytesMax) throw wrongProducer("id", `${bytes} bytes`, `1 to ${idBytesMax} bytes`);
  if (!Number.isSafeInteger(sequence)) {
    throw wrongProducer("sequence", `${sequence}`, "at most 2^53 - 1");
  }
}

function tooMany(recordsMax: number): Failure {
  return new Failure(
    "too_large",
    `Cannot take a message of more than ${recordsMax} records: send them in several (SLUICE_BATCH_RECORDS_MAX)`,
  );
}

function wrongProducer(field: string, given: string, expected: string): Failure {
  return invalidField(
    `producer.${field}`,
    `Cannot use producer ${field}: it has ${given}, expected ${expected}`,
  );
}
