import type { DescEnum, DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { compareField, isRequired, type OwnFiles } from "./compare-field.ts";
import { type Comparison, inside, type Place } from "./comparison.ts";

/** A file or a message: it contains messages and enums. */
interface Scope {
  readonly messages: readonly DescMessage[];
  readonly enums: readonly DescEnum[];
}

/** Compares the types of a scope by their names, including everything in them. */
export function compareScopes(
  comparison: Comparison,
  own: OwnFiles,
  at: Place,
  written: Scope,
  read: Scope,
): void {
  const indexBefore = new Map(written.messages.map((message, index) => [message, index]));
  const indexAfter = new Map(read.messages.map((message, index) => [message, index]));
  for (const [name, from, to] of pairs(
    written.messages,
    read.messages,
    (message) => message.name,
  )) {
    const within = inside(at, name);
    if (to === undefined) {
      comparison.add(within, "MESSAGE_REMOVED", `message "${name}" is written and not read`);
    } else if (from === undefined) {
      comparison.add(within, "MESSAGE_ADDED", `message "${name}" is read and not written`);
    } else {
      compareMessages(comparison, own, within, from, to);
      if (indexBefore.get(from) !== indexAfter.get(to)) {
        comparison.add(within, "MESSAGE_MOVED", `message "${name}" is at another index`);
      }
    }
  }
  for (const [name, from, to] of pairs(written.enums, read.enums, (each) => each.name)) {
    const within = inside(at, name);
    if (to === undefined) {
      comparison.add(within, "ENUM_REMOVED", `enum "${name}" is written and not read`);
    } else if (from === undefined) {
      comparison.add(within, "ENUM_ADDED", `enum "${name}" is read and not written`);
    } else compareEnums(comparison, within, from, to);
  }
}

/** Compares the fields of a message by their numbers, then its nested types. */
export function compareMessages(
  comparison: Comparison,
  own: OwnFiles,
  at: Place,
  written: DescMessage,
  read: DescMessage,
): void {
  compareOneofs(comparison, at, written, read);
  const removedOneofs = findRemovedOneofs(written, read);
  for (const [number, from, to] of pairs(written.fields, read.fields, (field) => field.number)) {
    if (to === undefined) {
      if (from !== undefined && !removedOneofs.has(from.oneof)) removed(comparison, at, from);
    } else if (from === undefined) {
      added(comparison, at, to);
    } else {
      if (from.oneof !== undefined && to.oneof === undefined) {
        const sentence = `field "${to.name}" is written in oneof "${from.oneof.name}" and read alone`;
        comparison.add(inside(at, `${number}`), "ONEOF_FIELD_MOVED_TO_TOP_LEVEL", sentence);
      }
      compareField(comparison, own, fieldPlace(at, to), from, to);
    }
  }
  compareScopes(comparison, own, at, nested(written), nested(read));
}

function removed(comparison: Comparison, at: Place, field: DescField): void {
  const alone = isRequired(field) ? "REQUIRED_FIELD_REMOVED" : "FIELD_REMOVED";
  const type = field.oneof === undefined ? alone : "ONEOF_FIELD_REMOVED";
  comparison.add(fieldPlace(at, field), type, `field "${field.name}" is written and not read`);
}

function added(comparison: Comparison, at: Place, field: DescField): void {
  const alone = isRequired(field) ? "REQUIRED_FIELD_ADDED" : "FIELD_ADDED";
  const type = field.oneof === undefined ? alone : "ONEOF_FIELD_ADDED";
  comparison.add(fieldPlace(at, field), type, `field "${field.name}" is read and not written`);
}

/** Oneofs by name, and fields that were independent and now exclude each other. */
function compareOneofs(
  comparison: Comparison,
  at: Place,
  written: DescMessage,
  read: DescMessage,
): void {
  const before = new Map(written.fields.map((field) => [field.number, field]));
  for (const oneof of read.oneofs) {
    // Each field outside of a oneof is one origin, and each oneof is one for all its fields.
    const origins = new Set<DescField | DescOneof>();
    let alone = 0;
    for (const { number } of oneof.fields) {
      const field = before.get(number);
      if (field === undefined) continue;
      origins.add(field.oneof ?? field);
      if (field.oneof === undefined) alone++;
    }
    if (origins.size < 2) continue;
    const type = alone > 1 ? "MULTIPLE_FIELDS_MOVED_TO_ONEOF" : "FIELD_MOVED_TO_EXISTING_ONEOF";
    const sentence = `oneof "${oneof.name}" reads one of fields that may be written together`;
    comparison.add(inside(at, oneof.name), type, sentence);
  }
  for (const [name, from, to] of pairs(written.oneofs, read.oneofs, (oneof) => oneof.name)) {
    const within = inside(at, name);
    if (to === undefined) {
      comparison.add(within, "ONEOF_REMOVED", `oneof "${name}" is written and not read`);
    } else if (from === undefined) {
      comparison.add(within, "ONEOF_ADDED", `oneof "${name}" is read and not written`);
    }
  }
}

/** Oneofs that are not read at all, by name or by any of their fields: removed as a whole. */
function findRemovedOneofs(
  written: DescMessage,
  read: DescMessage,
): ReadonlySet<DescOneof | undefined> {
  const names = new Set(read.oneofs.map((oneof) => oneof.name));
  const numbers = new Set(read.fields.map((field) => field.number));
  return new Set(
    written.oneofs.filter(
      (oneof) => !names.has(oneof.name) && !oneof.fields.some(({ number }) => numbers.has(number)),
    ),
  );
}

function compareEnums(comparison: Comparison, at: Place, written: DescEnum, read: DescEnum): void {
  for (const [number, from, to] of pairs(written.values, read.values, (value) => value.number)) {
    const within = inside(at, `${number}`);
    if (to === undefined) {
      comparison.add(within, "ENUM_CONST_REMOVED", `value ${number} is written and not read`);
    } else if (from === undefined) {
      comparison.add(within, "ENUM_CONST_ADDED", `value ${number} is read and not written`);
    } else if (from.name !== to.name) {
      const sentence = `value ${number} is written as "${from.name}" and read as "${to.name}"`;
      comparison.add(within, "ENUM_CONST_CHANGED", sentence);
    }
  }
}

function fieldPlace(at: Place, field: DescField): Place {
  const number = `${field.number}`;
  return field.oneof === undefined ? inside(at, number) : inside(at, field.oneof.name, number);
}

function nested(message: DescMessage): Scope {
  return { messages: message.nestedMessages, enums: message.nestedEnums };
}

/** Pairs by key, `undefined` where one side lacks the key; keys of the read side come first. */
function* pairs<T, K>(
  written: readonly T[],
  read: readonly T[],
  key: (item: T) => K,
): Generator<[K, T | undefined, T | undefined]> {
  const before = new Map(written.map((item) => [key(item), item]));
  const after = new Map(read.map((item) => [key(item), item]));
  for (const [name, to] of after) yield [name, before.get(name), to];
  for (const [name, from] of before) if (!after.has(name)) yield [name, from, undefined];
}
