import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  DescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { Failure, quoted } from "../../../core/failure.ts";
import { checkShape, type ShapeBounds, ShapeError } from "../decode/shape.ts";
import { schemaLimits } from "./limits.ts";

/** Field numbers of google/protobuf/descriptor.proto. */
const setFile = 1;
const fileSourceInfo = 9;

/**
 * Files of a google.protobuf.FileDescriptorSet by path, without source info. Throws `invalid` for
 * bytes that are not a set, two different files with one path, or an exceeded limit; what the set
 * would take in memory is counted before any of it is decoded.
 */
export function parseDescriptorSet(set: Uint8Array): Map<string, FileDescriptorProto> {
  if (set.length > schemaLimits.bytesMax) {
    refuse(`it has ${set.length} bytes, expected at most ${schemaLimits.bytesMax}`);
  }
  const seen = new Map<string, Uint8Array>();
  const files = new Map<string, FileDescriptorProto>();
  const used = { messages: 0, elements: 0, fields: 0 };
  for (const bytes of stripped(set)) {
    checkBounds(bytes, used);
    const file = decodeFile(bytes);
    if (file.name === "" || file.name.length > schemaLimits.pathCharsMax) {
      refuse(
        `file ${quoted(file.name)} has a path of ${file.name.length} characters, expected 1 to ${schemaLimits.pathCharsMax}`,
      );
    }
    const before = seen.get(file.name);
    if (before !== undefined && !sameBytes(before, bytes)) {
      refuse(`it has two different files ${quoted(file.name)}, expected one`);
    }
    seen.set(file.name, bytes);
    files.set(file.name, file);
  }
  if (files.size === 0) refuse("it has no file, expected at least one");
  return files;
}

function checkBounds(
  bytes: Uint8Array,
  used: { messages: number; elements: number; fields: number },
): void {
  const bounds: ShapeBounds = {
    messagesMax: schemaLimits.elementsMax - used.elements,
    fieldsMax: schemaLimits.wireFieldsMax - used.fields,
    depthMax: schemaLimits.depthMax,
  };
  try {
    const counted = checkShape(FileDescriptorProtoSchema, bytes, bounds, (desc) => {
      if (desc === DescriptorProtoSchema) used.messages++;
    });
    used.elements += counted.messages;
    used.fields += counted.fields;
    if (used.messages > schemaLimits.messagesMax) {
      refuse(
        `it has ${used.messages} messages or more, expected at most ${schemaLimits.messagesMax}`,
      );
    }
  } catch (error) {
    if (error instanceof ShapeError) {
      const path = error.path.length > 8 ? [...error.path.slice(0, 7), "…"] : error.path;
      refuse(`${["file", ...path].join(".")} ${error.message}`);
    }
    throw error;
  }
}

function decodeFile(bytes: Uint8Array): FileDescriptorProto {
  try {
    return fromBinary(FileDescriptorProtoSchema, bytes);
  } catch (error) {
    throw new Failure("invalid", "Cannot read the descriptor set: its bytes do not decode", {
      cause: error,
    });
  }
}

/**
 * Each file's bytes without its source info, which is not kept. It may be most of the bytes, and
 * costs most to decode.
 */
function* stripped(set: Uint8Array): Generator<Uint8Array> {
  let files = 0;
  for (const { number, wireType, start, end } of topLevel(set)) {
    if (number !== setFile) continue;
    if (wireType !== WireType.LengthDelimited) {
      refuse("its field 1 is not a message, expected files");
    }
    if (++files > schemaLimits.filesMax) {
      refuse(`it has more than ${schemaLimits.filesMax} files`);
    }
    const file = new BinaryReader(set.subarray(start, end)).bytes();
    const kept: Uint8Array[] = [];
    let from = 0;
    let fields = 0;
    for (const field of topLevel(file)) {
      if (++fields > schemaLimits.wireFieldsMax) refuse("a file has too many fields");
      if (field.number !== fileSourceInfo) continue;
      kept.push(file.subarray(from, field.tag));
      from = field.end;
    }
    yield kept.length === 0 ? file : concat([...kept, file.subarray(from)]);
  }
}

interface Field {
  readonly number: number;
  readonly wireType: WireType;
  /** Offsets of the tag, of what follows it, and of the next field. */
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function* topLevel(bytes: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) yield nextField(reader);
}

function nextField(reader: BinaryReader): Field {
  const tag = reader.pos;
  try {
    const [number, wireType] = reader.tag();
    const start = reader.pos;
    reader.skip(wireType, number, schemaLimits.depthMax);
    return { number, wireType, tag, start, end: reader.pos };
  } catch (error) {
    throw new Failure(
      "invalid",
      `Cannot read the descriptor set: byte ${tag} does not begin a field, expected a google.protobuf.FileDescriptorSet`,
      { cause: error },
    );
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function refuse(reason: string): never {
  throw new Failure("invalid", `Cannot read the descriptor set: ${reason}`);
}
