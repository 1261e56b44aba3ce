import { isFieldSet } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  SymbolVisibility,
} from "@bufbuild/protobuf/wkt";
import { fieldText, type FileContext, inlineOptions, lastPart } from "./field.ts";
import type { Lines } from "./lines.ts";
import { stringLiteral } from "./literals.ts";
import { optionTexts } from "./option-text.ts";

/** A file or a message: it may contain messages, enums and extensions. */
export interface Scope {
  /** Full name; "" for a file without a package. */
  readonly name: string;
  readonly messages: readonly DescriptorProto[];
  readonly enums: readonly EnumDescriptorProto[];
  readonly extensions: readonly FieldDescriptorProto[];
}

/**
 * Renders the declarations of a scope. Compilers add a message for each map and group, at the place
 * of its field among the messages, so a field is written as late as that order allows.
 */
export function renderScope(
  lines: Lines,
  context: FileContext,
  scope: Scope,
  fields?: FieldWriter,
): void {
  const extensions = new ExtensionWriter(lines, context, scope);
  const grouped = new Set(
    scope.extensions.filter(isGroup).map((extension) => lastPart(extension.typeName)),
  );
  for (const message of scope.messages) {
    if (fields?.isSynthetic(message) === true) fields.writeUpTo(message);
    else if (grouped.has(message.name)) extensions.writeUpTo(message.name);
    else {
      lines.gap();
      renderMessage(
        lines,
        context,
        scope.name,
        message,
        `${visible(message)}message ${message.name}`,
      );
    }
  }
  fields?.writeRest();
  for (const each of scope.enums) {
    lines.gap();
    renderEnum(lines, context, each);
  }
  extensions.writeRest();
}

export function renderMessage(
  lines: Lines,
  context: FileContext,
  scope: string,
  message: DescriptorProto,
  head: string,
): void {
  const name = scope === "" ? message.name : `${scope}.${message.name}`;
  lines.block(head, () => {
    for (const text of optionTexts(message.options, context.registry)) lines.add(`option ${text};`);
    const inner: Scope = {
      name,
      messages: message.nestedType,
      enums: message.enumType,
      extensions: message.extension,
    };
    renderScope(lines, context, inner, new FieldWriter(lines, context, name, message));
    for (const range of message.extensionRange) {
      const options = inlineOptions(optionTexts(range.options, context.registry));
      lines.add(`extensions ${rangeText(range.start, range.end - 1, messageMax)}${options};`);
    }
    renderReserved(lines, context, message.reservedName, (text) =>
      message.reservedRange.map(({ start, end }) => text(start, end - 1, messageMax)),
    );
  });
}

function renderEnum(lines: Lines, context: FileContext, proto: EnumDescriptorProto): void {
  lines.block(`${visible(proto)}enum ${proto.name}`, () => {
    for (const text of optionTexts(proto.options, context.registry)) lines.add(`option ${text};`);
    for (const value of proto.value) {
      const options = inlineOptions(optionTexts(value.options, context.registry));
      lines.add(`${value.name} = ${value.number}${options};`);
    }
    renderReserved(lines, context, proto.reservedName, (text) =>
      proto.reservedRange.map(({ start, end }) => text(start, end, enumMax)),
    );
  });
}

const messageMax = 536_870_911;
const enumMax = 2 ** 31 - 1;

function rangeText(first: number, last: number, max: number): string {
  if (first === last) return `${first}`;
  return `${first} to ${last >= max ? "max" : last}`;
}

function renderReserved(
  lines: Lines,
  { syntax }: FileContext,
  names: readonly string[],
  ranges: (text: typeof rangeText) => string[],
): void {
  const numbers = ranges(rangeText);
  if (numbers.length > 0) lines.add(`reserved ${numbers.join(", ")};`);
  const texts = syntax === "editions" ? names : names.map(stringLiteral);
  if (texts.length > 0) lines.add(`reserved ${texts.join(", ")};`);
}

function visible(proto: DescriptorProto | EnumDescriptorProto): string {
  switch (proto.visibility) {
    case SymbolVisibility.VISIBILITY_EXPORT:
      return "export ";
    case SymbolVisibility.VISIBILITY_LOCAL:
      return "local ";
    default:
      return "";
  }
}

function isGroup(field: FieldDescriptorProto): boolean {
  return field.type === Type.GROUP;
}

/** Writes a message's fields in their order, each oneof at the place of its first field. */
class FieldWriter {
  readonly #lines: Lines;
  readonly #context: FileContext;
  readonly #scope: string;
  readonly #message: DescriptorProto;
  readonly #synthetic: ReadonlyMap<string, DescriptorProto>;
  readonly #written = new Set<FieldDescriptorProto>();

  constructor(lines: Lines, context: FileContext, scope: string, message: DescriptorProto) {
    this.#lines = lines;
    this.#context = context;
    this.#scope = scope;
    this.#message = message;
    const groups = new Set(message.field.filter(isGroup).map((field) => lastPart(field.typeName)));
    this.#synthetic = new Map(
      message.nestedType
        .filter((nested) => nested.options?.mapEntry === true || groups.has(nested.name))
        .map((nested) => [`.${scope}.${nested.name}`, nested]),
    );
  }

  isSynthetic(nested: DescriptorProto): boolean {
    return this.#synthetic.has(`.${this.#scope}.${nested.name}`);
  }

  /** Up to the field that `nested` was made for. */
  writeUpTo(nested: DescriptorProto): void {
    const typeName = `.${this.#scope}.${nested.name}`;
    const end = this.#message.field.findIndex((field) => field.typeName === typeName);
    for (const field of this.#message.field.slice(0, end + 1)) this.#write(field);
  }

  writeRest(): void {
    for (const field of this.#message.field) this.#write(field);
  }

  #write(field: FieldDescriptorProto): void {
    if (this.#written.has(field)) return;
    const inOneof = isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
    const oneof = inOneof ? this.#message.oneofDecl[field.oneofIndex] : undefined;
    if (oneof === undefined || field.proto3Optional) {
      this.#writeOne(field);
      return;
    }
    this.#lines.block(`oneof ${oneof.name}`, () => {
      for (const text of optionTexts(oneof.options, this.#context.registry)) {
        this.#lines.add(`option ${text};`);
      }
      for (const member of this.#message.field) {
        const same =
          isFieldSet(member, FieldDescriptorProtoSchema.field.oneofIndex) &&
          member.oneofIndex === field.oneofIndex;
        if (same) this.#writeOne(member);
      }
    });
  }

  #writeOne(field: FieldDescriptorProto): void {
    this.#written.add(field);
    const synthetic = this.#synthetic.get(field.typeName);
    const entry = synthetic?.options?.mapEntry === true ? synthetic : undefined;
    writeField(this.#lines, this.#context, this.#scope, field, entry, synthetic);
  }
}

/** Writes a scope's extensions in their order, those of one message in one block. */
class ExtensionWriter {
  readonly #lines: Lines;
  readonly #context: FileContext;
  readonly #scope: Scope;
  #next = 0;

  constructor(lines: Lines, context: FileContext, scope: Scope) {
    this.#lines = lines;
    this.#context = context;
    this.#scope = scope;
  }

  /** Up to the extension that the group `name` belongs to. */
  writeUpTo(name: string): void {
    const { extensions } = this.#scope;
    this.#writeTo(
      extensions.findIndex((each) => isGroup(each) && lastPart(each.typeName) === name),
    );
  }

  writeRest(): void {
    this.#writeTo(this.#scope.extensions.length - 1);
  }

  #writeTo(end: number): void {
    const { extensions, messages, name } = this.#scope;
    while (this.#next <= end) {
      const extendee = extensions[this.#next]?.extendee ?? "";
      this.#lines.gap();
      this.#lines.block(`extend ${this.#context.nameOf(extendee, name)}`, () => {
        for (; this.#next <= end; this.#next++) {
          const extension = extensions[this.#next];
          if (extension === undefined || extension.extendee !== extendee) return;
          const last = lastPart(extension.typeName);
          const group = isGroup(extension)
            ? messages.find((each) => each.name === last)
            : undefined;
          writeField(this.#lines, this.#context, name, extension, undefined, group);
        }
      });
    }
  }
}

function writeField(
  lines: Lines,
  context: FileContext,
  scope: string,
  field: FieldDescriptorProto,
  entry: DescriptorProto | undefined,
  synthetic: DescriptorProto | undefined,
): void {
  const text = fieldText(context, field, scope, entry);
  if (synthetic === undefined || entry !== undefined) lines.add(`${text};`);
  else renderMessage(lines, context, scope, synthetic, text);
}
