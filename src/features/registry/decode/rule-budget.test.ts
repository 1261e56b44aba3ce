// Rules run in the event loop: what one record may cost is bounded, whatever its schema demands.

import { beforeAll, describe, expect, test } from "bun:test";
import { create, fromJson, toBinary } from "@bufbuild/protobuf";
import { compileProtos } from "../../../../test/support/protos.ts";
import { messageOf } from "../link/descriptors.ts";
import { type LinkedSchema, linkSchema } from "../link/linked.ts";
import { createDecoder } from "./decoder.ts";

const validate = await Bun.file(
  new URL("../../../../schemas/imports/buf/validate/validate.proto", import.meta.url),
).text();

const expressions = {
  cubic: "this.xs.all(a, this.xs.all(b, this.xs.all(c, a + b + c >= 0)))",
  pairs: "this.xs.all(a, this.xs.filter(b, a == b).size() == 1)",
  linear: "this.xs.all(a, a >= 0)",
  mapped: "this.xs.map(a, a * 2).filter(a, a > 3).all(a, a >= 0)",
  swallowed: "this.xs.all(a, this.xs.all(b, this.xs.all(c, a + b + c >= 0) || true) || true)",
  doubling: `this.xs.all(a, ${"(".repeat(18)}this.s${"+ this.s)".repeat(18)}.contains('x') || true)`,
  replaced: "this.s.replace('', this.s).size() >= 0",
  joined: "this.xs.map(a, this.s).join(this.s).size() >= 0",
  compared: "this.xs.all(a, this == this)",
  matched: "this.xs.all(a, this.s.matches('^([a-z]+[0-9]?){1,40}$') || true)",
  made: "this.xs.all(a, 'a'.matches(string(a) + '{' + string(a) + '}') || true)",
} as const;

const schemas = new Map<string, LinkedSchema>();
beforeAll(async () => {
  const files = Object.entries(expressions).map(([name, expression]) => [
    `${name}.proto`,
    `syntax = "proto3"; package ${name}; import "buf/validate/validate.proto";
     message M { repeated int32 xs = 1; string s = 2; repeated M inner = 3;
       option (buf.validate.message).cel = { id: "it", message: "no", expression: ${JSON.stringify(expression)} }; }`,
  ]);
  const set = await compileProtos({
    ...Object.fromEntries(files),
    "buf/validate/validate.proto": validate,
  });
  for (const name of Object.keys(expressions)) {
    schemas.set(name, linkSchema(set, `${name}.proto`));
  }
});

interface Sample {
  readonly items?: number;
  readonly text?: number;
}

function check(name: keyof typeof expressions, { items = 0, text = 0 }: Sample) {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`There is no schema ${name}`);
  const desc = messageOf(schema);
  const json = { xs: Array.from({ length: items }, (_, n) => n), s: "a".repeat(text) };
  const bytes = toBinary(desc, fromJson(desc, json));
  const decoder = createDecoder(schema);
  const startMs = performance.now();
  const issue = decoder.validate(bytes);
  return { issue, ms: performance.now() - startMs };
}

const exceeded =
  "cannot be checked against its rules: they take more than 50000 steps for it, expected at most 50000 (SLUICE_RULE_STEPS_MAX)";
/** Minutes without the bound; with it, some ten milliseconds on an idle machine. */
const msMax = 2000;

describe("a rule that takes too long is ended, and its record refused", () => {
  test.each([
    ["cubic", { items: 200 }],
    ["cubic", { items: 100_000 }],
    ["pairs", { items: 2000 }],
    ["linear", { items: 400_000 }],
    ["mapped", { items: 100_000 }],
    ["swallowed", { items: 1000 }],
    ["doubling", { items: 10_000, text: 500_000 }],
    ["replaced", { text: 100_000 }],
    ["joined", { items: 1000, text: 100_000 }],
    ["compared", { items: 5000 }],
    ["matched", { items: 1000, text: 1000 }],
    ["made", { items: 5000 }],
  ] as const)("%s with %j", (name, sample) => {
    const { issue, ms } = check(name, sample);
    expect(issue).toEqual({ field: "", code: "invalid", message: exceeded });
    expect(ms).toBeLessThan(msMax);
  });
});

test.each([
  ["cubic", { items: 15 }],
  ["pairs", { items: 60 }],
  ["linear", { items: 5000 }],
  ["mapped", { items: 1500 }],
  ["replaced", { text: 300 }],
  ["joined", { items: 50, text: 100 }],
  ["compared", { items: 30 }],
  ["matched", { items: 5, text: 50 }],
] as const)("a rule of usual size is evaluated to its end: %s with %j", (name, sample) => {
  expect(check(name, sample).issue).toBeUndefined();
});

test("all rules of a record share its budget", () => {
  const schema = schemas.get("linear");
  if (schema === undefined) throw new Error("There is no schema");
  const desc = messageOf(schema);
  const json = { xs: Array.from({ length: 1000 }, () => 1) };
  const message = create(desc);
  const bytes = toBinary(desc, fromJson(desc, { inner: Array.from({ length: 50 }, () => json) }));
  expect(createDecoder(schema).validate(toBinary(desc, message))).toBeUndefined();
  // Rules of nested messages are checked as well.
  expect(createDecoder(schema).validate(bytes)?.message).toBe(exceeded);
  expect(createDecoder(schema, 1_000_000).validate(bytes)).toBeUndefined();
});
