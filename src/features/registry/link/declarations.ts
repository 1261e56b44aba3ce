import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { Failure, quoted } from "../../../core/failure.ts";
import { schemaLimits } from "./limits.ts";

/** A declaration of a file. */
export interface Declared<Proto> {
  /** Full name, without a leading dot. */
  readonly name: string;
  /** Full name of the enclosing message or package; "" without either. */
  readonly scope: string;
  readonly proto: Proto;
  readonly file: FileDescriptorProto;
}

/** All declarations of a file, including nested ones; each list in declaration order, depth first. */
export interface Declarations {
  readonly messages: readonly Declared<DescriptorProto>[];
  readonly enums: readonly Declared<EnumDescriptorProto>[];
  readonly extensions: readonly Declared<FieldDescriptorProto>[];
  readonly services: readonly Declared<ServiceDescriptorProto>[];
}

/** Throws `invalid` where a full name is longer than the limit. */
export function declarationsOf(file: FileDescriptorProto): Declarations {
  const messages: Declared<DescriptorProto>[] = [];
  const enums: Declared<EnumDescriptorProto>[] = [];
  const extensions: Declared<FieldDescriptorProto>[] = [];
  const collect = (scope: string, within: FileDescriptorProto | DescriptorProto): void => {
    for (const proto of within.enumType) enums.push(declared(scope, proto, file));
    for (const proto of within.extension) extensions.push(declared(scope, proto, file));
    const nested = "messageType" in within ? within.messageType : within.nestedType;
    for (const proto of nested) {
      const message = declared(scope, proto, file);
      messages.push(message);
      collect(message.name, proto);
    }
  };
  collect(file.package, file);
  const services = file.service.map((proto) => declared(file.package, proto, file));
  return { messages, enums, extensions, services };
}

/** Whether it is the entry message of a map field, which compilers add. */
export function isMapEntry(message: DescriptorProto): boolean {
  return message.options?.mapEntry === true;
}

/** `scope.name`. Throws `invalid` where that is longer than the limit. */
export function fullName(scope: string, name: string): string {
  if (scope.length + name.length >= schemaLimits.nameCharsMax) {
    throw new Failure(
      "invalid",
      `Cannot link the schema: the name ${quoted(name)} in ${quoted(scope)} is too long, expected at most ${schemaLimits.nameCharsMax} characters with its scope`,
    );
  }
  return scope === "" ? name : `${scope}.${name}`;
}

function declared<Proto extends { readonly name: string }>(
  scope: string,
  proto: Proto,
  file: FileDescriptorProto,
): Declared<Proto> {
  return { name: fullName(scope, proto.name), scope, proto, file };
}
