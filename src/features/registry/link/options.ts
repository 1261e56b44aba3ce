import {
  type DescExtension,
  type FileRegistry,
  getExtension,
  type Message,
  setExtension,
  toBinary,
} from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { descriptorMessages } from "./descriptor-messages.ts";
import { type Optioned, optioned } from "./normal.ts";
import type { Problems } from "./problems.ts";
import { dropSourceOptions } from "./retention.ts";

/** Custom options by the message of descriptor.proto that they extend, and by number. */
type CustomOptions = ReadonlyMap<string, ReadonlyMap<number, DescExtension>>;

/** The custom options that a schema's files declare. */
export function customOptionsOf(registry: FileRegistry): CustomOptions {
  const custom = new Map<string, Map<number, DescExtension>>();
  for (const type of registry) {
    if (type.kind !== "extension" || !descriptorMessages.has(type.extendee.typeName)) continue;
    const byNumber = custom.get(type.extendee.typeName) ?? new Map<number, DescExtension>();
    custom.set(type.extendee.typeName, byNumber.set(type.number, type));
  }
  return custom;
}

/**
 * Brings the options of a file into one order: a compiler may write a custom option as a whole or in
 * parts. Options that only the source has, and empty options, are removed. Problems: options that were not interpreted, or do not decode.
 */
export function normaliseOptions(
  file: FileDescriptorProto,
  custom: CustomOptions,
  registry: FileRegistry,
  problems: Problems,
): void {
  for (const holder of optioned(file)) {
    const { options } = holder;
    if (options === undefined) continue;
    const at = nameOf(holder, file);
    if (options.uninterpretedOption.length > 0) {
      problems.add(at, "has options that its compiler did not interpret");
    }
    try {
      mergeCustom(options, custom);
      dropSource(options, registry);
    } catch {
      problems.add(at, "has a custom option whose bytes do not decode");
    }
    options.$unknown?.sort((a, b) => a.no - b.no);
    if (isEmpty(options)) delete holder.options;
  }
}

function nameOf(holder: Optioned, file: FileDescriptorProto): string {
  return "name" in holder ? holder.name : file.name;
}

function mergeCustom(options: Message, custom: CustomOptions): void {
  if (options.$unknown === undefined) return;
  const numbers = new Set(options.$unknown.map((field) => field.no));
  for (const number of numbers) {
    const extension = custom.get(options.$typeName)?.get(number);
    // An option whose declaration is not in the set keeps its bytes.
    if (extension === undefined) continue;
    setExtension(options, extension, getExtension(options, extension));
  }
}

function dropSource(options: Message, registry: FileRegistry): void {
  const schema = descriptorMessages.get(options.$typeName);
  if (schema === undefined) return;
  dropSourceOptions(schema, options, registry);
  const features = schema.fields.find(({ name }) => name === "features");
  if (features === undefined) return;
  const reflected = reflect(schema, options);
  const set = reflected.isSet(features) ? reflected.get(features) : undefined;
  if (isReflectMessage(set) && toBinary(set.desc, set.message).length === 0) {
    reflected.clear(features);
  }
}

function isEmpty(options: Message): boolean {
  const schema = descriptorMessages.get(options.$typeName);
  return schema !== undefined && toBinary(schema, options).length === 0;
}
