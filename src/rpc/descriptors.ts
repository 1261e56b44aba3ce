/** Descriptors of the mounted services: their files, with everything these import. */

import {
  createRegistry,
  type DescFile,
  type DescService,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

export class Descriptors {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #registry: Registry;

  /** `besides`: files that no service imports, but whose types callers receive. */
  constructor(services: readonly DescService[], besides: readonly DescFile[] = []) {
    this.#services = services;
    for (const file of [...services.map(({ file }) => file), ...besides]) {
      for (const each of closure(file)) this.#files.set(each.proto.name, each);
    }
    this.#registry = createRegistry(...this.#files.values());
  }

  /** Full names, sorted. */
  serviceNames(): string[] {
    return this.#services.map(({ typeName }) => typeName).toSorted();
  }

  /** By name, with `.proto`. */
  file(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** That which declares a type, a method, a field or an extension of this full name. */
  fileOfSymbol(name: string): DescFile | undefined {
    const type = this.#registry.get(name);
    if (type !== undefined) return type.file;
    const dot = name.lastIndexOf(".");
    const parent = this.#registry.get(name.slice(0, dot));
    const members = parent === undefined ? [] : memberNames(parent);
    return members.includes(name.slice(dot + 1)) ? parent?.file : undefined;
  }

  fileOfExtension(typeName: string, number: number): DescFile | undefined {
    const extendee = this.#registry.getMessage(typeName);
    return extendee && this.#registry.getExtensionFor(extendee, number)?.file;
  }

  /** Undefined when there is no such message. */
  extensionNumbers(typeName: string): number[] | undefined {
    if (this.#registry.getMessage(typeName) === undefined) return undefined;
    return [...this.#registry].flatMap((type) =>
      type.kind === "extension" && type.extendee.typeName === typeName ? [type.number] : [],
    );
  }
}

/** The file and all that it imports as encoded `FileDescriptorProto`s, imports first. */
export function encodeWithImports(file: DescFile): Uint8Array[] {
  return [...closure(file)].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
}

function closure(file: DescFile, into = new Set<DescFile>()): Set<DescFile> {
  for (const dependency of file.dependencies) closure(dependency, into);
  return into.add(file);
}

type Named = NonNullable<ReturnType<Registry["get"]>>;

function memberNames(type: Named): string[] {
  if (type.kind === "service") return type.methods.map(({ name }) => name);
  if (type.kind === "message") return [...type.fields, ...type.oneofs].map(({ name }) => name);
  return type.kind === "enum" ? type.values.map(({ name }) => name) : [];
}
