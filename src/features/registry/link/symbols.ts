import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../core/failure.ts";
import { type Declarations, type Declared, fullName, isMapEntry } from "./declarations.ts";
import type { Problems } from "./problems.ts";

type Kind = "message" | "enum" | "enum value" | "field" | "oneof" | "service" | "method";

interface SymbolAt {
  readonly kind: Kind | "extension" | "package";
  /** Path of the file. */
  readonly file: string;
  readonly mapEntry: boolean;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Everything that has a full name, over all files of a schema. */
export class Symbols {
  readonly #byName = new Map<string, SymbolAt>();
  readonly #visible: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #problems: Problems;

  /** `visible` has, for each file's path, the paths whose declarations it may use. */
  constructor(visible: ReadonlyMap<string, ReadonlySet<string>>, problems: Problems) {
    this.#visible = visible;
    this.#problems = problems;
  }

  /** Adds the declarations of a file. Problems: names that are not identifiers, or are taken. */
  declare(file: FileDescriptorProto, declarations: Declarations): void {
    this.#declarePackage(file);
    for (const message of declarations.messages) {
      this.#add("message", message.scope, message.proto.name, file, isMapEntry(message.proto));
      for (const { name } of message.proto.field) this.#add("field", message.name, name, file);
      for (const { name } of message.proto.oneofDecl) this.#add("oneof", message.name, name, file);
    }
    for (const { scope, proto } of declarations.enums) {
      this.#add("enum", scope, proto.name, file);
      // The values of an enum are its siblings: two enums of one scope cannot share a value's name.
      for (const { name } of proto.value) this.#add("enum value", scope, name, file);
    }
    for (const { scope, proto } of declarations.extensions) {
      this.#add("extension", scope, proto.name, file);
    }
    for (const { name, scope, proto } of declarations.services) {
      this.#add("service", scope, proto.name, file);
      for (const method of proto.method) this.#add("method", name, method.name, file);
    }
  }

  /**
   * Resolves `typeName` where it is used in `scope` of `file`, to a full name and a kind. A name
   * without a leading dot is searched from the innermost scope outwards. Undefined, with a problem at
   * `at`, when it does not exist, is not visible there, or is not one of `kinds`.
   */
  resolve(
    typeName: string,
    used: Pick<Declared<unknown>, "scope" | "file">,
    at: string,
    kinds: readonly ("message" | "enum")[],
  ): { readonly name: string; readonly kind: "message" | "enum" } | undefined {
    const visible = this.#visible.get(used.file.name);
    let hidden: SymbolAt | undefined;
    for (const name of candidates(typeName, used.scope)) {
      const symbol = this.#byName.get(name);
      if (symbol === undefined) continue;
      if (visible?.has(symbol.file) !== true) {
        hidden ??= symbol;
        continue;
      }
      const { kind } = symbol;
      if ((kind === "message" || kind === "enum") && kinds.includes(kind)) return { name, kind };
      this.#problems.add(
        at,
        `uses ${quoted(typeName)}, ${article(kind)}, expected ${kinds.map(article).join(" or ")}`,
      );
      return undefined;
    }
    this.#problems.add(
      at,
      hidden === undefined
        ? `uses ${quoted(typeName)}, which is declared nowhere, expected ${kinds.map(article).join(" or ")}`
        : `uses ${quoted(typeName)} of ${quoted(hidden.file)}, which ${quoted(used.file.name)} does not import`,
    );
    return undefined;
  }

  isMapEntry(name: string): boolean {
    return this.#byName.get(name)?.mapEntry === true;
  }

  #declarePackage(file: FileDescriptorProto): void {
    if (file.package === "") return;
    let scope = "";
    for (const part of file.package.split(".")) {
      if (!identifier.test(part)) {
        this.#problems.add(
          file.name,
          `has the package ${quoted(file.package)}, expected identifiers`,
        );
        return;
      }
      scope = fullName(scope, part);
      const known = this.#byName.get(scope);
      if (known === undefined) {
        this.#byName.set(scope, { kind: "package", file: file.name, mapEntry: false });
      } else if (known.kind !== "package") {
        this.#problems.add(file.name, `has a package named as the ${known.kind} ${quoted(scope)}`);
      }
    }
  }

  #add(
    kind: SymbolAt["kind"],
    scope: string,
    name: string,
    file: FileDescriptorProto,
    mapEntry = false,
  ): void {
    const full = fullName(scope, name);
    if (!identifier.test(name)) {
      this.#problems.add(full, `has the name ${quoted(name)}, expected an identifier`);
    }
    const known = this.#byName.get(full);
    if (known === undefined) {
      this.#byName.set(full, { kind, file: file.name, mapEntry });
    } else {
      const where = known.file === file.name ? "" : ` of ${quoted(known.file)}`;
      this.#problems.add(full, `is declared twice: as ${kind}, and as ${known.kind}${where}`);
    }
  }
}

function article(kind: string): string {
  return /^[aeio]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function* candidates(typeName: string, scope: string): Generator<string> {
  if (typeName.startsWith(".")) {
    yield typeName.slice(1);
    return;
  }
  for (
    let outer = scope;
    outer !== "";
    outer = outer.slice(0, Math.max(0, outer.lastIndexOf(".")))
  ) {
    yield `${outer}.${typeName}`;
  }
  yield typeName;
}
