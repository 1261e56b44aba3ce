/** A record as an expression sees it. Each variable is made when it is first named. */

import { celError, type CelInput } from "@bufbuild/cel";
import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { renderPosition } from "../../../core/position.ts";
import { isJsonType, type RecordHeaders, type StoredRecord } from "../../../core/record.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";
import type { KnownSchema } from "../decode/decoders.ts";
import { messageOf, type NamedSchema } from "../decode/named-schema.ts";
import type { Bindings } from "./expression.ts";
import { celFromJson } from "./json-value.ts";

/** What is known of the schema that a record names; undefined: it names none. */
export type FoundSchema =
  { readonly named: NamedSchema; readonly known: KnownSchema } | "unknown" | undefined;

export class RecordBindings implements Bindings {
  readonly #stored: StoredRecord;
  readonly #schema: FoundSchema;
  #value: CelInput | undefined;
  /** The value was needed, and cannot be looked into. */
  isUndecodable = false;

  constructor(stored: StoredRecord, schema: FoundSchema) {
    this.#stored = stored;
    this.#schema = schema;
  }

  get key(): string {
    return this.#stored.record.key;
  }

  get headers(): CelInput {
    return celFromHeaders(this.#stored.record.headers);
  }

  get time(): CelInput {
    return timestampOf(this.#stored.record.timeNs);
  }

  get received(): CelInput {
    return timestampOf(this.#stored.receivedNs);
  }

  get size(): bigint {
    return BigInt(this.#stored.record.value.byteLength);
  }

  get content_type(): string {
    return this.#stored.record.contentType;
  }

  get position(): string {
    return renderPosition(this.#stored.position);
  }

  get schema(): CelInput {
    const found = this.#schema;
    if (found === undefined || found === "unknown") {
      return schemaMap(this.#stored.record.schemaId, "");
    }
    const name = messageOf(found.named, found.known);
    return schemaMap(found.known.schema.id, typeof name === "string" ? name : "");
  }

  get value(): unknown {
    return (this.#value ??= this.#open());
  }

  #open(): CelInput {
    const { record } = this.#stored;
    const isJson = isJsonType(record.contentType);
    const message = this.#openMessage(isJson);
    if (message !== undefined) return message;
    if (isJson) {
      try {
        return celFromJson(record.value);
      } catch {
        return this.#undecodable();
      }
    }
    return this.#schema === undefined ? record.value : this.#undecodable();
  }

  #openMessage(isJson: boolean): CelInput | undefined {
    const found = this.#schema;
    if (found === undefined || found === "unknown") return undefined;
    const name = messageOf(found.named, found.known);
    if (typeof name !== "string") return undefined;
    const { decoder } = found.known;
    return isJson
      ? decoder.openJson(this.#stored.record.value, name)
      : decoder.open(found.named.payload, name);
  }

  #undecodable(): CelInput {
    this.isUndecodable = true;
    return celError("the value cannot be decoded") as never;
  }
}

function schemaMap(id: number, name: string): CelInput {
  return new Map<string, CelInput>([
    ["id", BigInt(id)],
    ["name", name],
  ]);
}

/** Text where it is; a header may be any bytes. */
function celFromHeaders(headers: RecordHeaders = {}): CelInput {
  return new Map(
    Object.entries(headers).map(([name, bytes]): [string, CelInput] => {
      try {
        return [name, textFromUtf8(bytes)];
      } catch {
        return [name, bytes];
      }
    }),
  );
}

const nsPerSecond = 1_000_000_000n;

function timestampOf(ns: bigint): CelInput {
  const below = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond;
  return create(TimestampSchema, {
    seconds: (ns - below) / nsPerSecond,
    nanos: Number(below),
  });
}
