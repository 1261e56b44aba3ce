import { expect, test } from "bun:test";
import { arrayElements, checkJson, jsonMembers, withoutMark } from "./json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("an array is cut as JSON.parse reads it, for random values", () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const make = (depth: number): unknown => {
    const kind = random(depth > 3 ? 3 : 5);
    if (kind === 0) return random(1000) - 500;
    if (kind === 1) return ['"', "\\", ",", "[", "}", "é", "\n"].slice(random(7)).join("");
    if (kind === 2) return null;
    const some = Array.from({ length: random(4) }, () => make(depth + 1));
    return kind === 3 ? some : Object.fromEntries(some.map((value, i) => [`k"${i},`, value]));
  };
  for (let round = 0; round < 2000; round++) {
    const values = Array.from({ length: random(6) }, () => make(0));
    const spaced = JSON.stringify(values, null, random(3));
    const cut = arrayElements(bytes(spaced)).map((one) =>
      JSON.parse(new TextDecoder().decode(one)),
    );
    expect(cut).toEqual(values);
  }
});

test("the members of an object are its raw texts", () => {
  const members = jsonMembers(
    '{ "op" : "publish","events":[1e2, {"n":9223372036854775807}], "a\\"b": 1 }',
  );
  expect([...(members ?? [])]).toEqual([
    ["op", '"publish"'],
    ["events", '[1e2, {"n":9223372036854775807}]'],
    ['a"b', "1"],
  ]);
  expect(jsonMembers("[1]")).toBeUndefined();
  expect(jsonMembers("{")).toBeUndefined();
});

test.each([
  ["", "it is empty"],
  [" \n", "it is empty"],
  ["\ufeff{}", "it begins with a byte order mark"],
  ["{", "it ends early, expected a member's name or }"],
])("%j is not JSON: %s", (text, why) => {
  expect(checkJson(bytes(text))).toEqual({ ok: false, message: `Cannot parse JSON: ${why}` });
});

test("bytes that are not UTF-8 are not JSON", () => {
  const checked = checkJson(Uint8Array.of(0x22, 0xff, 0x22));
  expect(checked).toEqual({ ok: false, message: "Cannot parse JSON: it is not UTF-8" });
});

test("a byte order mark is dropped once, in front of a body", () => {
  expect(withoutMark(bytes("\ufeff\ufeff1"))).toEqual(bytes("\ufeff1"));
  expect(withoutMark(bytes("1"))).toEqual(bytes("1"));
  expect(withoutMark(bytes(""))).toEqual(bytes(""));
});
