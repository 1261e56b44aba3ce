import { describe, expect, test } from "bun:test";
import { requireLinear } from "../../../test/fuzz/linear.ts";
import { Turns } from "../budget/turn.ts";
import { memberElements, shortValue, type ValueBounds, valuesOf } from "./values.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const bounds: ValueBounds = { valuesMax: 1000, valueBytesMax: 1_000_000 };

/** Values as text, issues as their message. */
async function texts(
  body: string | Uint8Array,
  form: "lines" | "either" = "either",
  more = bounds,
) {
  const given = typeof body === "string" ? bytes(body) : body;
  const values = await valuesOf(given, form, more, new Turns().open());
  return values.map((value) =>
    value instanceof Uint8Array
      ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(value)
      : `refused: ${value.message}`,
  );
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "no failure",
    (error: Error) => error.message,
  );
}

describe("a body of JSON", () => {
  test("is one value, as it was written", async () => {
    expect(await texts(' {"big": 9223372036854775807,\n "x": 1e400 } \r\n')).toEqual([
      '{"big": 9223372036854775807,\n "x": 1e400 }',
    ]);
    expect(await texts("1")).toEqual(["1"]);
  });

  test("is the elements of an array, cut at its own commas alone", async () => {
    const elements = ['{"a":[1,{"b":"],\\"}"}]}', '"x,]\\\\"', "[ [], {} ]", "-0.0", "null"];
    expect(await texts(`[ ${elements.join(" ,\n")} ]`)).toEqual(elements);
    expect(await texts("[]")).toEqual([]);
    expect(await texts("[ \n ]")).toEqual([]);
    expect(await texts("[[]]")).toEqual(["[]"]);
  });

  test("is a value a line, and a bad line is refused by itself", async () => {
    const found = await texts('{"a":1}\r\n\n  {"b":\n[1,2]\n"x"', "lines");
    expect([found[0], found[2], found[3]]).toEqual(['{"a":1}', "[1,2]", '"x"']);
    expect(found[1]).toStartWith("refused: Cannot parse JSON");
    expect(found).toHaveLength(4);
  });

  test("may be lines without saying so, when the first one is a value and more follows", async () => {
    expect(await texts('{"a":1}\n{"b":2}')).toEqual(['{"a":1}', '{"b":2}']);
    expect(await texts("[1,2]\n[3]\n4")).toEqual(["[1,2]", "[3]", "4"]);
    expect(await texts('{"a":\n1}')).toEqual(['{"a":\n1}']);
    expect(await texts('{"a":\n1')).toEqual([expect.stringContaining("refused")]);
  });

  test("loses a byte order mark in front of it, in every form", async () => {
    expect(await texts('\ufeff{"a":1}')).toEqual(['{"a":1}']);
    expect(await texts('\ufeff[{"a":1},{"a":2}]')).toEqual(['{"a":1}', '{"a":2}']);
    expect(await texts("\ufeff1\n2", "lines")).toEqual(["1", "2"]);
    const elements = await memberElements(
      bytes('\ufeff{"e":[1]}'),
      "e",
      bounds,
      new Turns().open(),
    );
    expect(elements).toEqual([bytes("1")]);
  });

  test.each([["{"], ["nul"], ["\u0000"], [""], ['{"a":1}}'], ["1 2"], ["\ufeff\ufeff1"]])(
    "refuses %j as one value",
    async (body) => {
      expect(await texts(body)).toEqual([expect.stringContaining("Cannot parse JSON")]);
    },
  );

  test.each([
    ["[1,]", 'found "]", expected a value'],
    ["[,1]", 'found ",", expected a value or ]'],
    ["[1", "it ends early, expected a comma or the end of the object or array"],
    ["[1}", 'found "}", expected a comma or the end of the object or array'],
    ['["a]', "it ends early, expected the closing quote"],
    ["[1] 2", "there is more after the array"],
    ["[1 2]", 'found "2", expected a comma or the end of the object or array'],
    ["[nul]", 'found "n", expected a value or ]'],
    ["[1,\ufeff2]", "found byte 0xef, expected a value"],
    ['["\\x"]', "a string has a bad escape"],
    ['["\n"]', "a string has a control character"],
  ])("refuses %j whole: %s", async (body, why) => {
    expect(await messageOf(texts(body))).toStartWith(`Cannot parse JSON: ${why}`);
  });

  test("refuses bytes that are not UTF-8", async () => {
    const refused = "Cannot parse JSON: it is not UTF-8";
    expect(await texts(Uint8Array.of(0x22, 0xff, 0x22))).toEqual([`refused: ${refused}`]);
    const array = Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d);
    expect(await messageOf(texts(array))).toBe(refused);
  });

  test("may nest as deep as its size allows", async () => {
    const nested = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
    expect(await texts(nested, "lines")).toEqual([nested]);
    expect(await texts(`[${nested},1]`)).toEqual([nested, "1"]);
    const open = await texts("[".repeat(400_000), "lines");
    expect(open).toEqual(["refused: Cannot parse JSON: it ends early, expected a value or ]"]);
  });
});

describe("bounds", () => {
  const few: ValueBounds = { valuesMax: 3, valueBytesMax: 10 };

  test.each(["[1,2,3,4]", "1\n2\n3\n4"])("too many values are refused: %j", async (body) => {
    expect(await messageOf(texts(body, "either", few))).toBe(
      "Cannot take more than 3 values in a call",
    );
  });

  test("a value that is too large is refused by its index, in every form", async () => {
    const large = `"${"x".repeat(10)}"`;
    const refused = "refused: Cannot take a record of 12 bytes: at most 10 are";
    expect(await texts(`[1,${large},2]`, "either", few)).toEqual(["1", refused, "2"]);
    expect(await texts(`1\n${large}\n2`, "lines", few)).toEqual(["1", refused, "2"]);
    expect(await texts(`${large}\n2`, "either", few)).toEqual([refused, "2"]);
    expect(await texts(large, "either", few)).toEqual([refused]);
  });

  test("millions of elements are not cut before they are counted", async () => {
    const body = bytes(`[${"0,".repeat(4_000_000)}0]`);
    const startMs = performance.now();
    expect(await messageOf(texts(body))).toContain("more than 1000 values");
    expect(performance.now() - startMs).toBeLessThan(100);
  });
});

describe("the elements of a member", () => {
  const of = async (body: string) =>
    (await memberElements(bytes(body), "events", bounds, new Turns().open())).map((one) =>
      new TextDecoder().decode(one),
    );

  test("are cut wherever it is, and whatever is beside it", async () => {
    expect(await of('{"events":[1,{"a":[2]}]}')).toEqual(["1", '{"a":[2]}']);
    expect(await of(' { "a" : {"events":[9]} ,\n"events" : [ 1 , 2 ] , "b":"]" } ')).toEqual([
      "1",
      "2",
    ]);
    expect(await of('{"\\u0065vents":[1]}')).toEqual(["1"]);
    expect(await of('{"events":[]}')).toEqual([]);
    expect(await of('{"events":[1],"events":[2]}')).toEqual(["2"]);
  });

  test.each([
    "",
    "{}",
    "[1]",
    '{"events":1}',
    '{"events":{"a":[1]}}',
    '{"event":[1]}',
    '{"a":"events","b":[1]}',
  ])("are missing in %j", async (body) => {
    expect(await messageOf(of(body))).toMatch(
      /^Cannot take the body: it .*, expected \{"events":\[…\]\}$/,
    );
  });

  test.each([
    '{"events":[1]',
    '{"events":[1]]',
    '{"events":[1',
    '{"events":[1]} 2',
    '{"events":[1] 2}',
    '{"events":[1],}',
    '{,"events":[1]}',
    '{"events":[1]"b":2}',
    '{"b":nul,"events":[1]}',
    '{"events":[1,nul]}',
    '{"events":[1],"b"}',
  ])("are not taken from %j, which is not JSON", async (body) => {
    expect(() => JSON.parse(body)).toThrow();
    expect(await messageOf(of(body))).toStartWith("Cannot parse JSON: ");
  });
});

test.each<[name: string, unit: string, wrap: (many: string) => string]>([
  ["empty lines", "\n", (many) => `1\n${many}2`],
  ["lines", "{}\n", (many) => many],
  ["bad lines", "{\n", (many) => `1\n${many}`],
  ["elements", "0,", (many) => `[${many}0]`],
  ["open brackets", "[", (many) => `{"a":${many}`],
  ["quotes", '"', (many) => `[${many}`],
  ["backslashes", "\\", (many) => `["${many}`],
  ["spaces", " ", (many) => `[1${many}`],
  ["members", '"a":1,', (many) => `{${many}"a":1}`],
])(
  "the time of many %s is linear",
  async (name, unit, wrap) => {
    const many = { valuesMax: Number.POSITIVE_INFINITY, valueBytesMax: 1_000_000 };
    await requireLinear({
      name,
      size: 65_536,
      inputOf: (size) => bytes(wrap(unit.repeat(size / unit.length))),
      run: async (body) => {
        const turn = new Turns().open();
        await valuesOf(body, "either", many, turn).catch(() => {});
        await memberElements(body, "events", many, turn).catch(() => {});
      },
    });
  },
  30_000,
);

test.each<[name: string, body: string]>([
  ["empty lines", "\n".repeat(3_000_000)],
  ["spaces", `${" ".repeat(3_000_000)}1`],
  ["trailing spaces", `1${" ".repeat(3_000_000)}`],
  ["lines", "1\n".repeat(20_000)],
  ["elements", `[${"1,".repeat(1_500_000)}1]`],
  ["one long text", `["${"x".repeat(3_000_000)}"]`],
])("others are served while %s are read", async (_, body) => {
  let rounds = 0;
  // Each look at the clock finds the slice used up.
  let nowMs = 0;
  const clock = {
    elapsedMs: () => (nowMs += 5),
    later: (callback: () => void) => {
      rounds++;
      queueMicrotask(callback);
    },
  };
  const many = { valuesMax: 2_000_000, valueBytesMax: 4_000_000 };
  await valuesOf(bytes(body), "either", many, new Turns(clock).open());
  expect(rounds).toBeGreaterThan(80);
});

test("nothing more is cut once the client has left", async () => {
  const left = new AbortController();
  const turn = new Turns().open(left.signal);
  const many = { valuesMax: Number.POSITIVE_INFINITY, valueBytesMax: 1_000_000 };
  const cutting = valuesOf(bytes("{}\n".repeat(1_000_000)), "lines", many, turn);
  setTimeout(() => left.abort(), 5);
  expect(await messageOf(cutting)).toContain("the client left");
});

test("a short object without line breaks is read at once, and nothing else", () => {
  const few = { valuesMax: 10, valueBytesMax: 100 };
  expect(shortValue(bytes('{"a":[1,2]} '), few)).toEqual(bytes('{"a":[1,2]}'));
  expect(shortValue(bytes('{"a":}'), few)).toMatchObject({ code: "invalid" });
  expect(shortValue(bytes(`{"a":"${"x".repeat(100)}"}`), few)).toMatchObject({ code: "too_large" });
  for (const text of ["", "1", "[1]", " {}", '{"a":\n1}', "{}\n{}", "\ufeff{}"]) {
    expect(shortValue(bytes(text), few)).toBeUndefined();
  }
  const large = { valuesMax: 10, valueBytesMax: 10_000 };
  expect(shortValue(bytes(`{"a":"${"x".repeat(5000)}"}`), large)).toBeUndefined();
});
