/** The normal form of a schema's file: its bytes, and so its id, do not depend on the compiler. */

import { clearField, isFieldSet, type Message } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type DescriptorProto_ExtensionRange,
  type EnumDescriptorProto,
  type EnumValueDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type MethodDescriptorProto,
  MethodDescriptorProtoSchema,
  type OneofDescriptorProto,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { shortestFloat } from "../float32.ts";
import { floatText } from "../render/literals.ts";
import { jsonNameOf } from "./check-message.ts";
import { isFloatText } from "./defaults.ts";

/** A descriptor that may have options. */
export type Optioned =
  | FileDescriptorProto
  | DescriptorProto
  | DescriptorProto_ExtensionRange
  | FieldDescriptorProto
  | OneofDescriptorProto
  | EnumDescriptorProto
  | EnumValueDescriptorProto
  | ServiceDescriptorProto
  | MethodDescriptorProto;

/**
 * Brings a file to the form in which the same source has the same bytes with every compiler: removes
 * what compilers add for themselves, and fills in or removes what only some of them fill in.
 */
export function normaliseFile(file: FileDescriptorProto): void {
  clearField(file, FileDescriptorProtoSchema.field.sourceCodeInfo);
  if (file.syntax === "proto2") clearField(file, FileDescriptorProtoSchema.field.syntax);
  if (file.package === "") clearField(file, FileDescriptorProtoSchema.field.package);
  if (file.syntax !== "editions") clearField(file, FileDescriptorProtoSchema.field.edition);
  for (const proto of optioned(file)) {
    dropUnknown(proto);
    if (proto.$typeName === "google.protobuf.MethodDescriptorProto") normaliseMethod(proto);
    else if (proto.$typeName === "google.protobuf.FieldDescriptorProto") normaliseField(proto);
  }
}

/** The file and everything in it that may have options, in declaration order. */
export function* optioned(file: FileDescriptorProto): Generator<Optioned> {
  yield file;
  for (const message of file.messageType) yield* optionedIn(message);
  for (const proto of file.enumType) yield* enumParts(proto);
  yield* file.extension;
  for (const service of file.service) {
    yield service;
    yield* service.method;
  }
}

function* optionedIn(message: DescriptorProto): Generator<Optioned> {
  yield message;
  yield* message.field;
  yield* message.oneofDecl;
  yield* message.extensionRange;
  yield* message.extension;
  for (const proto of message.enumType) yield* enumParts(proto);
  for (const nested of message.nestedType) yield* optionedIn(nested);
}

function* enumParts(proto: EnumDescriptorProto): Generator<Optioned> {
  yield proto;
  yield* proto.value;
}

function normaliseField(field: FieldDescriptorProto): void {
  const names = FieldDescriptorProtoSchema.field;
  // Extensions have no JSON name in the language, but some compilers write one.
  if (field.extendee === "") field.jsonName = jsonNameOf(field);
  else clearField(field, names.jsonName);
  if (!isFieldSet(field, names.label)) field.label = Label.OPTIONAL;
  if (!field.proto3Optional) clearField(field, names.proto3Optional);
  const isFloat = field.type === Type.FLOAT || field.type === Type.DOUBLE;
  // Text that is not a number is found later.
  if (isFloat && isFloatText(field.defaultValue)) {
    field.defaultValue = floatDefault(field.defaultValue, field.type);
  }
}

/** Compilers write the same number in several ways, and some a float of 32 bits with the digits of 64. */
function floatDefault(text: string, type: Type): string {
  if (text.endsWith("nan")) return "nan";
  if (text.endsWith("inf")) return text;
  const value = Number(text);
  return floatText(type === Type.FLOAT ? shortestFloat(Math.fround(value)) : value);
}

function normaliseMethod(method: MethodDescriptorProto): void {
  const names = MethodDescriptorProtoSchema.field;
  if (!method.clientStreaming) clearField(method, names.clientStreaming);
  if (!method.serverStreaming) clearField(method, names.serverStreaming);
}

/** Unknown fields of options are custom options; elsewhere they are notes of a compiler. */
function dropUnknown(proto: Message): void {
  delete proto.$unknown;
}
