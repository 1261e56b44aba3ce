// Reads one source file: what it imports, which globals it names, which forms it uses.

import { parseSync } from "oxc-parser";

export interface Source {
  /** In `src/`, with "/" between folders. */
  readonly path: string;
  readonly text: string;
}

export interface Facts {
  readonly path: string;
  readonly lines: number;
  /** What `import`, `import type`, `export … from`, `import()` and `import("…").T` name. */
  readonly imports: readonly string[];
  /** Of `Bun`, `Deno`, `TextDecoder` and `process.env`, those that the file refers to. */
  readonly globals: readonly string[];
  readonly defaultExport: boolean;
  readonly enums: readonly string[];
  /** Every function, method and arrow function with a block, outer ones included. */
  readonly functions: readonly { readonly name: string; readonly lines: number }[];
  /** Why the file could not be read, if it could not. */
  readonly errors: readonly string[];
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Globals that `rules.ts` gives a place. */
const placed = ["Bun", "Deno", "TextDecoder"];

export function readSource({ path, text }: Source): Facts {
  const { program, errors } = parseSync(path, text);
  const imports = new Set<string>();
  const globals = new Set<string>();
  const enums: string[] = [];
  const functions: { name: string; lines: number }[] = [];
  let defaultExport = false;

  const visit = (node: Node): void => {
    const from = importedBy(node);
    if (from !== undefined) imports.add(from);
    const global = globalOf(node);
    if (global !== undefined) globals.add(global);
    if (node.type === "TSEnumDeclaration") enums.push(nameOf(node["id"]) ?? "?");
    if (node.type === "ExportDefaultDeclaration" || exportsDefault(node)) defaultExport = true;
    const length = functionLines(node, text);
    if (length !== undefined) {
      functions.push({ name: nameOf(node["id"]) ?? "without a name", lines: length });
    }
    for (const child of children(node)) visit(child);
  };
  visit(program as unknown as Node);

  return {
    path,
    lines: text.replace(/\n$/, "").split("\n").length,
    imports: [...imports],
    globals: [...globals],
    defaultExport,
    enums,
    functions,
    errors: errors.map(({ message }) => message),
  };
}

/** From the first line of the function to its last, or undefined where the node is not one. */
function functionLines(node: Node, text: string): number | undefined {
  const isFunction = /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(
    node.type,
  );
  const { start, end } = node;
  if (!isFunction || typeof start !== "number" || typeof end !== "number") return undefined;
  return text.slice(start, end).split("\n").length;
}

function importedBy(node: Node): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return stringOf(node["source"]);
    case "TSExternalModuleReference":
      return stringOf(node["expression"]);
    default:
      return undefined;
  }
}

function globalOf(node: Node): string | undefined {
  const name = nameOf(node);
  if (name !== undefined && placed.includes(name)) return name;
  if (node.type === "MemberExpression") {
    const object = node["object"];
    const property = stringOf(node["property"]) ?? nameOf(node["property"]);
    // `globalThis.Bun`, `globalThis.process.env`
    if (nameOf(object) === "globalThis" && property !== undefined && placed.includes(property)) {
      return property;
    }
    if (property === "env" && isProcess(object)) return "process.env";
  }
  // `const { env } = process`
  if (node.type === "VariableDeclarator" && isProcess(node["init"])) {
    return picks(node["id"], "env") ? "process.env" : undefined;
  }
  // `import { env } from "node:process"`
  if (
    node.type === "ImportDeclaration" &&
    /^(node:)?process$/.test(stringOf(node["source"]) ?? "")
  ) {
    return nodes(node["specifiers"]).some(({ imported }) => nameOf(imported) === "env")
      ? "process.env"
      : undefined;
  }
  return undefined;
}

function isProcess(value: unknown): boolean {
  if (nameOf(value) === "process") return true;
  if (!isNode(value) || value.type !== "MemberExpression") return false;
  return nameOf(value["object"]) === "globalThis" && nameOf(value["property"]) === "process";
}

function picks(pattern: unknown, name: string): boolean {
  if (!isNode(pattern) || pattern.type !== "ObjectPattern") return false;
  return nodes(pattern["properties"]).some(({ key }) => nameOf(key) === name);
}

function exportsDefault(node: Node): boolean {
  if (node.type !== "ExportSpecifier") return false;
  const exported = node["exported"];
  return (nameOf(exported) ?? stringOf(exported)) === "default";
}

/** Without names that refer to nothing outside: `x.Bun`, `{ Bun: 1 }`, `Bun?: string` in a type. */
function children(node: Node): Node[] {
  const label = node["computed"] === true ? undefined : labelField(node.type);
  return Object.entries(node).flatMap(([field, value]) => (field === label ? [] : nodes(value)));
}

function labelField(type: string): string | undefined {
  switch (type) {
    case "MemberExpression":
      return "property";
    case "TSQualifiedName":
      return "right";
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return "key";
    case "ImportSpecifier":
      return "imported";
    case "ExportSpecifier":
      return "exported";
    default:
      return undefined;
  }
}

function nodes(value: unknown): Node[] {
  if (Array.isArray(value)) return value.filter(isNode);
  return isNode(value) ? [value] : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

function nameOf(value: unknown): string | undefined {
  if (!isNode(value) || value.type !== "Identifier") return undefined;
  return typeof value["name"] === "string" ? value["name"] : undefined;
}

function stringOf(value: unknown): string | undefined {
  if (!isNode(value) || value.type !== "Literal") return undefined;
  return typeof value["value"] === "string" ? value["value"] : undefined;
}
