// Comments, strings and pages are plain English: no phrase that a reader has to decode.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { phrases } from "./language/phrases.ts";
import { proseOf } from "./language/prose.ts";

const root = join(import.meta.dir, "..");

test("prose is found in comments, strings and pages, not in names", () => {
  const code = [
    "/** Whoever calls. */",
    "const wanted = `a ${wanted} b`; // as the caller",
    'const text = "is wanted";',
  ].join("\n");
  const found = proseOf("a.ts", code).map(({ line, text }) => `${line}: ${text.trim()}`);
  expect(found).toEqual([
    "1: * Whoever calls.",
    "2: as the caller",
    "2: a",
    "2: b",
    "3: is wanted",
  ]);
  expect(proseOf("a.md", "One line\nand another")).toEqual([
    { line: 1, text: "One line and another" },
    { line: 2, text: "and another" },
  ]);
});

test.each(phrases.map(({ pattern }) => [pattern.source, pattern] as const))(
  "%s is seen, also over the end of a line",
  (_source, pattern) => {
    const samples = [
      "Whoever reads",
      "Who reads it waits.",
      "what is wanted",
      "made anew",
      "a topic comes to be",
      "it is to be",
      "the reader is told",
      "asked for",
      "of its own",
      "lets go of it",
      "gives way",
      "this, too.",
      "is none of them",
      "it is none",
      "comes into being",
      "seed 002",
    ];
    expect(samples.filter((sample) => pattern.test(sample))).toHaveLength(1);
  },
);

test("no file has a phrase that must be decoded", () => {
  const patterns = ["{src,test,bench,scripts}/**/*.{ts,tsx}", "{docs,examples}/**/*.md", "*.md"];
  const files = patterns.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root })]);
  const read = files
    .filter((file) => !/(?:^|\/)(?:gen|node_modules)\//.test(file))
    .filter((file) => !file.startsWith("test/language"));
  expect(read.length).toBeGreaterThan(0);
  const found = read
    .toSorted()
    .flatMap((file) =>
      proseOf(file, readFileSync(join(root, file), "utf8")).flatMap(({ line, text }) =>
        phrases
          .filter(({ pattern }) => pattern.test(text))
          .map(
            ({ pattern, instead }) => `${file}:${line}: "${pattern.exec(text)?.[0]}": ${instead}`,
          ),
      ),
    );
  expect(found).toEqual([]);
});
