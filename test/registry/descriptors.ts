import { fromJson, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProtoJson,
  type FieldDescriptorProtoJson,
  type FileDescriptorProtoJson,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/** A google.protobuf.FileDescriptorSet of descriptors as no compiler would let them pass. */
export function setOf(...file: FileDescriptorProtoJson[]): Uint8Array {
  return toBinary(FileDescriptorSetSchema, fromJson(FileDescriptorSetSchema, { file }));
}

/** A proto3 file "a.proto" in package "a" of these messages. */
export function fileOf(...messageType: DescriptorProtoJson[]): FileDescriptorProtoJson {
  return { name: "a.proto", package: "a", syntax: "proto3", messageType };
}

/** A singular field: an int32, or of the type that is named. */
export function field(
  name: string,
  number: number,
  more: Partial<FieldDescriptorProtoJson> = {},
): FieldDescriptorProtoJson {
  const type = more.typeName === undefined ? ("TYPE_INT32" as const) : ("TYPE_MESSAGE" as const);
  return { name, number, label: "LABEL_OPTIONAL", type, ...more };
}
