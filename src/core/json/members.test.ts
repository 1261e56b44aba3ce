import { expect, test } from "bun:test";
import { seededRandom } from "../../../test/support/random.ts";
import { isLongJson, namedMembers, parseMembers } from "./members.ts";

const utf8 = new TextEncoder();
const names = ["a", "b_c", "é", ""];

/** More than what is parsed as a whole. */
const filler = `"filler":[${"0,".repeat(10_000)}0]`;

function parsed(json: string, wanted: readonly string[] = names): unknown {
  return parseMembers(utf8.encode(json), wanted);
}

test("of a long object only the named members are parsed", () => {
  expect(parsed(`{"a":1,${filler},"x":2, "b_c" : [1, {"a":3}] }`)).toEqual({
    a: 1,
    b_c: [1, { a: 3 }],
  });
  expect(parsed(`{"a":1,"b_c":2}`, ["a"])).toEqual({ a: 1, b_c: 2 });
});

test("names may be escaped or there twice, as for JSON.parse", () => {
  expect(parsed(`{"a":1,${filler},"\\u0061":2}`)).toEqual({ a: 2 });
  expect(parsed(`{"\\u00e9":"x","é":"y",${filler}}`)).toEqual({ é: "y" });
  expect(parsed(`{"":1,"b\\u005fc":2,${filler}}`)).toEqual({ "": 1, b_c: 2 });
  expect(parsed(`{"a\\"":1,"\\"a":2,"a ":3,${filler}}`)).toEqual({});
});

test("long values: text is kept, what contains others is empty", () => {
  const text = "x".repeat(20_000);
  expect(parsed(`{"a":"${text}"}`)).toEqual({ a: text });
  expect(parsed(`{"a":{${filler}},"b_c":[${"0,".repeat(10_000)}0]}`)).toEqual({ a: {}, b_c: [] });
  expect(parsed(`"${text}"`)).toBe(text);
  expect(parsed(`[${"0,".repeat(10_000)}0]`)).toEqual([]);
});

test("elements of an array have their index as name", () => {
  const of = (json: string, wanted: readonly string[]) =>
    Array.from(namedMembers(utf8.encode(json), wanted) ?? [], ([name, bytes]) => [
      name,
      new TextDecoder().decode(bytes),
    ]);
  expect(of('[ 1, [2, 3] , {"0":4}]', ["0", "1", "2", "3"])).toEqual([
    ["0", "1"],
    ["1", "[2, 3]"],
    ["2", '{"0":4}'],
  ]);
  expect(of("[]", ["0"])).toEqual([]);
  expect(of("7", ["0"])).toEqual([]);
});

test("what is not JSON is refused, wherever the fault is", () => {
  const wrong = [
    `{"a":1,${filler}`,
    `{"a":1,${filler}} x`,
    `{"a":1,${filler},}`,
    `{"a":01,${filler}}`,
    `{a:1,${filler}}`,
    `{"a":1 "x":2,${filler}}`,
  ];
  for (const text of wrong) {
    expect(() => parsed(text)).toThrow();
    expect(namedMembers(utf8.encode(text), names)).toBeUndefined();
  }
  const notUtf8 = utf8.encode(`{"a":"é",${filler}}`);
  notUtf8[6] = 0xff;
  expect(() => parseMembers(notUtf8, names)).toThrow();
});

test("named members agree with JSON.parse", () => {
  const random = seededRandom(7);
  const pick = <Item>(items: readonly Item[]) => items[random.int(items.length)];
  const parts = ["a", "b_c", "é", "x", "\\", '"', "\n", "\u2028", "", "😀"];
  const text = () => Array.from({ length: random.int(3) }, () => pick(parts)).join("");
  const value = (depth: number): unknown =>
    depth > 2 || random.chance(0.5)
      ? pick([null, true, -0.5e3, text()])
      : Object.fromEntries(Array.from({ length: random.int(4) }, () => [text(), value(depth + 1)]));
  for (let i = 0; i < 2000; i++) {
    const object = Object.fromEntries(Array.from({ length: 6 }, () => [text(), value(0)]));
    const json = JSON.stringify(object, undefined, pick([undefined, 1]));
    const members = namedMembers(utf8.encode(` ${json}\n`), names);
    const found = Array.from(members ?? [], ([name, bytes]) => [
      name,
      JSON.parse(new TextDecoder().decode(bytes)),
    ]);
    const expected = Object.entries(object).filter(([name]) => names.includes(name));
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  }
});

test("a megabyte of members takes milliseconds", () => {
  const json = utf8.encode(`{${Array.from({ length: 80_000 }, (_, i) => `"m${i}":0`).join(",")}}`);
  expect(isLongJson(json)).toBe(true);
  let bestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10; i++) {
    const startedMs = performance.now();
    expect(namedMembers(json, ["m79999"])?.size).toBe(1);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  expect(bestMs).toBeLessThan(50);
});
