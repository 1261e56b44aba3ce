import { describe, expect, test } from "bun:test";
import { arrayElements, jsonMembers, jsonValues } from "./json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (body: string, form: "json" | "lines" | "either" = "either") =>
  jsonValues(bytes(body), form).map((value) =>
    value.ok ? new TextDecoder().decode(value.value) : `refused: ${value.message}`,
  );

describe("a body of JSON", () => {
  test("is one value, as it was written", () => {
    expect(texts(' {"big": 9223372036854775807,\n "x": 1e400 } \r\n')).toEqual([
      '{"big": 9223372036854775807,\n "x": 1e400 }',
    ]);
    expect(texts("1")).toEqual(["1"]);
  });

  test("is the elements of an array, cut at its own commas alone", () => {
    const elements = ['{"a":[1,{"b":"],\\"}"}]}', '"x,]\\\\"', "[ [], {} ]", "-0.0", "null"];
    expect(texts(`[ ${elements.join(" ,\n")} ]`)).toEqual(elements);
    expect(texts("[]")).toEqual([]);
    expect(texts("[[]]")).toEqual(["[]"]);
  });

  test("is a value a line, and a bad line is refused by itself", () => {
    const found = texts('{"a":1}\r\n\n  {"b":\n[1,2]\n"x"', "lines");
    expect([found[0], found[2], found[3]]).toEqual(['{"a":1}', "[1,2]", '"x"']);
    expect(found[1]).toStartWith("refused: Cannot parse JSON");
    expect(found).toHaveLength(4);
  });

  test("that is no JSON may still be lines, when the first one is a value", () => {
    expect(texts('{"a":1}\n{"b":2}')).toEqual(['{"a":1}', '{"b":2}']);
    expect(texts('{"a":1}\n{"b":2}', "json")).toHaveLength(1);
    expect(texts('{"a":\n1')).toHaveLength(1);
  });

  test.each([["{"], ["[1,]"], ["\u0000"], ["nul"], [""], ['{"a":1}}']])("refuses %j", (body) => {
    expect(texts(body)).toEqual([expect.stringContaining("Cannot parse JSON")]);
  });

  test("refuses what is not UTF-8, and what is nested past the engine's bound", () => {
    expect(jsonValues(new Uint8Array([0x22, 0xff, 0x22]), "json")).toMatchObject([{ ok: false }]);
    const deep = "[".repeat(1_000_000) + "]".repeat(1_000_000);
    const [value] = jsonValues(bytes(`{"a":${deep}}`), "json");
    if (value?.ok === false) expect(value.message).toContain("Cannot parse JSON");
  });

  test("is cut as JSON.parse reads it, for random values", () => {
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
