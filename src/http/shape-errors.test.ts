import { expect, test } from "bun:test";
import { z } from "zod";
import type { Failure } from "../core/failure.ts";
import { parseWith } from "./validate.ts";

const shape = z.strictObject({
  source: z.enum(["guest", "external"]).optional(),
  rate: z.number().positive().max(1000).optional(),
  names: z.array(z.string().min(1).max(3)).min(1).max(2).optional(),
  inner: z.strictObject({ "a/b": z.int(), on: z.boolean() }).optional(),
});

const cases: readonly (readonly [given: unknown, field: string, says: string])[] = [
  [[], "", "it is an array, expected an object"],
  [null, "", "it is null, expected an object"],
  [{ rat: 5 }, "/rat", "/rat: there is no such member, expected source, rate, names, inner"],
  [{ source: "moon" }, "/source", '/source: expected "guest" or "external"'],
  [{ rate: "fast" }, "/rate", "/rate: it is text, expected a number"],
  [{ rate: 0 }, "/rate", "/rate: expected more than 0"],
  [{ rate: 1001 }, "/rate", "/rate: expected at most 1000"],
  [{ names: [] }, "/names", "/names: expected at least 1 entry"],
  [{ names: ["a", "b", "c"] }, "/names", "/names: expected at most 2 entries"],
  [{ names: ["a", 7] }, "/names/1", "/names/1: it is a number, expected text"],
  [{ names: ["long"] }, "/names/0", "/names/0: expected at most 3 characters"],
  [{ inner: { on: true } }, "/inner/a~1b", "/inner/a~1b: it is missing, expected a whole number"],
  [
    { inner: { "a/b": 1.5, on: true } },
    "/inner/a~1b",
    "/inner/a~1b: it is a number, expected a whole number",
  ],
  [
    { inner: { "a/b": 1, on: 1 } },
    "/inner/on",
    "/inner/on: it is a number, expected true or false",
  ],
  [
    { inner: { "a/b": 1, on: true, x: 1 } },
    "/inner/x",
    "/inner/x: there is no such member, expected a/b, on",
  ],
];

test.each(cases)("%j", (given, field, says) => {
  let failure: Failure | undefined;
  try {
    parseWith(shape, given);
  } catch (error) {
    failure = error as Failure;
  }
  expect(failure?.code).toBe("invalid");
  expect(failure?.message).toBe(`Cannot use the body: ${says}`);
  expect(failure?.errors).toEqual([{ field, code: "invalid", message: says }]);
});

test("each unknown member has its issue, and its name is bounded", () => {
  const long = "x".repeat(100_000);
  try {
    parseWith(shape, { a: 1, [long]: 2 });
    expect.unreachable();
  } catch (error) {
    const { errors } = error as Failure;
    expect(errors.map(({ field }) => field.slice(0, 3))).toEqual(["/a", "/xx"]);
    expect(errors[1]?.field.length).toBeLessThan(300);
  }
});
