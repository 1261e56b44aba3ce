/** Where the parts of a `.proto` text are: which line has what a path such as `#/Watch/Reading/3` names. */

interface Scope {
  readonly name: string;
  readonly kind: string;
}

const token =
  /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.]+|[{}=;[\]\n]/g;
const named = new Set(["message", "enum", "oneof", "extend", "group", "service"]);

/** Lines from 0, by path. A path that names a oneof is there with and without it. */
export function linesOfPaths(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const scopes: Scope[] = [];
  let line = 0;
  let statement: string[] = [];
  let from = 0;
  /** Levels of `{` and `[` within a statement: options, which declare nothing. */
  let within = 0;
  for (const [part] of text.matchAll(token)) {
    if (part.startsWith("/") || part.startsWith('"') || part.startsWith("'")) {
      line += part.split("\n").length - 1;
      if (!part.startsWith("/")) statement.push(part);
      continue;
    }
    if (part === "\n") {
      line++;
      continue;
    }
    if (within > 0 || part === "[") {
      if (part === "[" || part === "{") within++;
      if (part === "]" || part === "}") within--;
      continue;
    }
    if (part === "{") {
      const at = statement.findIndex((word) => named.has(word));
      if (at >= 0 && statement[0] !== "option") {
        scopes.push({ kind: statement[at] ?? "", name: statement[at + 1] ?? "" });
        add(lines, scopes, undefined, from);
      } else if (statement[0] === "option") {
        within++;
        continue;
      } else scopes.push({ kind: "", name: "" });
      statement = [];
    } else if (part === "}") {
      scopes.pop();
      statement = [];
    } else if (part === ";") {
      const equals = statement.indexOf("=");
      const number = statement[equals + 1] ?? "";
      if (equals > 0 && /^\d+$/.test(number)) add(lines, scopes, number, from);
      statement = [];
    } else {
      if (statement.length === 0) from = line;
      statement.push(part);
    }
  }
  return lines;
}

function add(
  lines: Map<string, number>,
  scopes: readonly Scope[],
  last: string | undefined,
  line: number,
): void {
  const all = scopes.map(({ name }) => name);
  const withoutOneofs = scopes.filter(({ kind }) => kind !== "oneof").map(({ name }) => name);
  for (const names of [all, withoutOneofs]) {
    const path = `#/${[...names, ...(last === undefined ? [] : [last])].join("/")}`;
    if (!lines.has(path)) lines.set(path, line);
  }
}
