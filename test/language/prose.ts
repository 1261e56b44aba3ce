// The prose of a file: comments and strings of code, all of a Markdown page. Names in code are not prose.

import { parseSync } from "oxc-parser";

export interface Prose {
  readonly line: number;
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export function proseOf(path: string, source: string): Prose[] {
  return path.endsWith(".md") ? linesOf(source) : proseOfCode(path, source);
}

/** A sentence goes on over a line break, so each line is read with the next one. */
function linesOf(source: string): Prose[] {
  const lines = source.split("\n");
  return lines.map((text, at) => ({ line: at + 1, text: joined(text, lines[at + 1]) }));
}

function joined(text: string, next: string | undefined): string {
  const [last] = /\S+$/.exec(text.trim()) ?? [];
  // Only a phrase that the break cuts in two needs the next line; its own words are that line's.
  return last === undefined || next === undefined ? text : `${text} ${firstWords(next)}`;
}

function firstWords(line: string): string {
  return line
    .replace(/^[\s*/>-]+/, "")
    .split(" ")
    .slice(0, 2)
    .join(" ");
}

function proseOfCode(path: string, source: string): Prose[] {
  const { program, comments } = parseSync(path, source);
  const lineAt = lineCounter(source);
  const found: Prose[] = comments.flatMap(({ value, start }) =>
    linesOf(value).map(({ line, text }) => ({ line: lineAt(start) + line - 1, text })),
  );
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isNode(value)) return;
    const text = textOf(value);
    if (text !== undefined) found.push({ line: lineAt(Number(value["start"])), text });
    for (const child of Object.values(value)) visit(child);
  };
  visit(program);
  return found;
}

function textOf(node: Node): string | undefined {
  const value = node["value"];
  if (node.type === "Literal" && typeof value === "string") return value;
  if (node.type === "JSXText" && typeof value === "string") return value;
  if (node.type !== "TemplateElement") return undefined;
  const { cooked } = value as { readonly cooked?: string | null };
  return cooked ?? undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

function lineCounter(source: string): (offset: number) => number {
  const starts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
