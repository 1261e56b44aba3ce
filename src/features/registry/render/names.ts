import type { FileRegistry } from "@bufbuild/protobuf";

/** The name of a type where it is used: the shortest one that is unambiguous. */
export type TypeNamer = (typeName: string, scope: string) => string;

/**
 * Names types by the language's rule: the first part of a name is searched from the innermost scope
 * outwards, and where it is found, the rest must be found as well. A name that could resolve to
 * something else is written in full, with a leading dot.
 */
export function createTypeNamer(registry: FileRegistry): TypeNamer {
  const taken = new Set<string>();
  for (const file of registry.files) addPackage(taken, file.proto.package);
  for (const type of registry) {
    taken.add(type.typeName);
    if (type.kind === "message") {
      for (const { name } of type.fields) taken.add(`${type.typeName}.${name}`);
      for (const { name } of type.oneofs) taken.add(`${type.typeName}.${name}`);
    } else if (type.kind === "service") {
      for (const { name } of type.methods) taken.add(`${type.typeName}.${name}`);
    } else if (type.kind === "enum") {
      const scope = type.parent?.typeName ?? type.file.proto.package;
      for (const { name } of type.values) taken.add(joined(scope, name));
    }
  }
  return (typeName, scope) => {
    const full = typeName.startsWith(".") ? typeName.slice(1) : typeName;
    const short = [...shortened(full, scope), full].find((name) =>
      leadsTo(name, full, scope, taken),
    );
    // At the start of a field, a name that is a keyword would be read as the keyword.
    return short === undefined || keywords.has(short.split(".", 1)[0] ?? "") ? `.${full}` : short;
  };
}

/** Words that begin another declaration where a field's type could be. */
const keywords = new Set(
  [
    "bool bytes double enum export extend extensions fixed32 fixed64 float group import int32 int64",
    "local map message oneof option optional package public repeated required reserved returns rpc",
    "service sfixed32 sfixed64 sint32 sint64 stream string syntax to uint32 uint64 weak",
  ].flatMap((line) => line.split(" ")),
);

/** The name without the scopes that it shares, shortest first. */
function* shortened(full: string, scope: string): Generator<string> {
  for (let outer = scope; outer !== ""; outer = parentOf(outer)) {
    if (full.startsWith(`${outer}.`)) yield full.slice(outer.length + 1);
  }
}

function leadsTo(name: string, full: string, scope: string, taken: ReadonlySet<string>): boolean {
  const first = name.split(".", 1)[0] ?? "";
  for (let outer = scope; ; outer = parentOf(outer)) {
    if (taken.has(joined(outer, first))) return joined(outer, name) === full;
    if (outer === "") return false;
  }
}

function addPackage(taken: Set<string>, name: string): void {
  for (let scope = name; scope !== ""; scope = parentOf(scope)) taken.add(scope);
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function joined(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}
