/**
 * Options that only their source has. Some compilers leave them out of descriptors, as the language
 * allows, others do not, and the same source must have the same bytes with any of them.
 */

import {
  type DescField,
  type DescMessage,
  type FileRegistry,
  getExtension,
  isMessage,
  type Message,
  setExtension,
} from "@bufbuild/protobuf";
import { isReflectMessage, reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { type FieldOptions, FieldOptions_OptionRetention } from "@bufbuild/protobuf/wkt";

/** Removes the options that are declared with `retention = RETENTION_SOURCE`, also nested ones. */
export function dropSourceOptions(
  desc: DescMessage,
  options: Message,
  registry: FileRegistry,
): void {
  dropIn(reflect(desc, options), registry);
  for (const number of new Set(options.$unknown?.map((field) => field.no))) {
    const extension = registry.getExtensionFor(desc, number);
    if (extension === undefined) continue;
    if (isOfSource(extension.proto.options)) {
      options.$unknown = options.$unknown?.filter((field) => field.no !== number) ?? [];
    } else if (extension.message !== undefined) {
      const value: unknown = getExtension(options, extension);
      for (const message of Array.isArray(value) ? value : [value]) {
        if (isMessage(message)) dropSourceOptions(extension.message, message, registry);
      }
      setExtension(options, extension, value);
    }
  }
}

function dropIn(message: ReflectMessage, registry: FileRegistry): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (isOfSource(field.proto.options)) {
      message.clear(field);
      continue;
    }
    for (const inner of messagesIn(message, field)) {
      dropSourceOptions(inner.desc, inner.message, registry);
    }
  }
}

function messagesIn(message: ReflectMessage, field: DescField): readonly ReflectMessage[] {
  if (field.message === undefined) return [];
  if (field.fieldKind === "message") return [message.get(field)];
  const values = field.fieldKind === "list" ? message.get(field) : message.get(field).values();
  return [...values].filter((value) => isReflectMessage(value));
}

function isOfSource(options: FieldOptions | undefined): boolean {
  return options?.retention === FieldOptions_OptionRetention.RETENTION_SOURCE;
}
