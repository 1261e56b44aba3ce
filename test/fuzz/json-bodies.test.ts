// Bodies of JSON: what is cut out of them is what JSON.parse finds in them, and never anything else.

import { expect } from "bun:test";
import { Turns } from "../../src/core/budget/turn.ts";
import { Failure } from "../../src/core/failure.ts";
import { checkJson } from "../../src/core/json/json.ts";
import { JsonScanner } from "../../src/core/json/scanner.ts";
import { memberElements, shortValue, valuesOf } from "../../src/core/json/values.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const bounds = { valuesMax: 10_000, valueBytesMax: 1_000_000 };
const spaces = ["", "", "", " ", "\n", "\r\n", "\t"];

const numbers = ["0", "-0", "1e400", "-1.5E+3", "9223372036854775807", "0.1e-7"];
const strings = ['"\\u00e9"', '"\\ud83d"', '"\\/\\b\\f\\n\\r\\t"', '"\ufeff"'];

function jsonText(random: FuzzRandom, depth = 0): string {
  const space = () => random.pick(spaces);
  const kind = random.int(depth > 3 ? 5 : 8);
  if (kind === 0) return random.pick(["true", "false", "null", "[]", "{}", '""']);
  if (kind === 1) return random.pick(numbers);
  if (kind <= 3) return JSON.stringify(random.text('a"\\,:[]{}é🔑\u0000\n\ufeff', 12));
  if (kind === 4) return random.pick(strings);
  const items = random.list(5, () => `${space()}${jsonText(random, depth + 1)}${space()}`);
  if (kind <= 6) return `[${items.length === 0 ? space() : items.join(",")}]`;
  const name = () => random.pick(['"a"', '"events"', '"\\u0065vents"', '"e\\"v"', '""']);
  return `{${items.map((item) => `${space()}${name()}${space()}:${item}`).join(",")}}`;
}

/** JSON, or nearly JSON. */
function body(random: FuzzRandom, text: string): Uint8Array {
  const bytes = utf8.encode(text);
  return random.chance(0.4) ? damaged(random, bytes) : bytes;
}

function parsed(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(strict.decode(bytes)) };
  } catch {
    return undefined;
  }
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

async function failureOr<Result>(promise: Promise<Result>): Promise<Result | Failure> {
  return await promise.catch((error: unknown) => {
    if (error instanceof Failure) return error;
    throw error;
  });
}

fuzz("the scan accepts what JSON.parse accepts", { cases: 20_000 }, (random) => {
  const bytes = body(random, jsonText(random));
  expect(checkJson(bytes).ok).toBe(parsed(bytes) !== undefined);
});

fuzz("a scan in steps ends where one in a single go ends", { cases: 5_000 }, (random) => {
  const bytes = body(random, jsonText(random));
  const whole = new JsonScanner().open(bytes);
  const found = whole.next(Number.POSITIVE_INFINITY);
  const steps = new JsonScanner().open(bytes);
  let last = steps.next(1);
  while (last === "step") last = steps.next(1 + random.int(4));
  expect([last, steps.at, steps.wrong]).toEqual([found, whole.at, whole.wrong]);
});

fuzz("a body is one value, or the elements of its array", { cases: 10_000 }, async (random) => {
  const items = random.list(8, () => jsonText(random));
  const bytes = body(
    random,
    random.chance(0.7) ? `[${items.join(random.pick([",", " ,\n"]))}]` : jsonText(random),
  );
  const expected = parsed(withoutMark(bytes));
  const found = await failureOr(valuesOf(bytes, "either", bounds, new Turns().open()));
  if (expected !== undefined) {
    const values = Array.isArray(found) ? found : [];
    const texts = values.map((value) =>
      value instanceof Uint8Array ? parsed(value)?.value : value,
    );
    expect(texts).toEqual(Array.isArray(expected.value) ? expected.value : [expected.value]);
  } else if (Array.isArray(found)) {
    // Not JSON as a whole: lines, or refused.
    for (const value of found) if (value instanceof Uint8Array) expect(parsed(value)).toBeDefined();
    const isLines = found.length > 1 || found[0] instanceof Uint8Array;
    if (isLines) expect(bytes.includes(0x0a)).toBe(true);
  }
});

fuzz("a short value is what any other way of reading finds", { cases: 10_000 }, async (random) => {
  const bytes = body(random, random.chance(0.7) ? `{${jsonText(random)}` : jsonText(random));
  const only = shortValue(bytes, bounds);
  if (only === undefined) return;
  for (const form of ["either", "lines"] as const) {
    expect(await valuesOf(bytes, form, bounds, new Turns().open())).toEqual([only]);
  }
});

fuzz("a line is a value, or is refused alone", { cases: 5_000 }, async (random) => {
  const lines = random.list(8, () => body(random, random.chance(0.2) ? " " : jsonText(random)));
  const separated = lines.map((line) => line.filter((byte) => byte !== 0x0a && byte !== 0x0d));
  const bytes = Buffer.concat(
    separated.flatMap((line) => [line, utf8.encode(random.pick(["\n", "\r\n"]))]),
  );
  const first = withoutMark(bytes).byteLength < bytes.byteLength;
  const found = await valuesOf(bytes, "lines", bounds, new Turns().open());
  const expected = separated
    .map((line, index) => (index === 0 && first ? withoutMark(line) : line))
    .filter((line) => !line.every((byte) => byte === 0x20 || byte === 0x09))
    .map((line) => parsed(line)?.value ?? "refused or null");
  expect(
    found.map(
      (value) =>
        (value instanceof Uint8Array ? parsed(value)?.value : undefined) ?? "refused or null",
    ),
  ).toEqual(expected);
});

fuzz("the events of a body are those of JSON.parse", { cases: 10_000 }, async (random) => {
  const members = random.list(3, () => `${random.pick(spaces)}"events":${jsonText(random)}`);
  const others = random.list(3, () => `"a":${jsonText(random)}`);
  const all = [...members, ...others].toSorted(() => random.int(3) - 1);
  const bytes = body(random, `{${all.join(",")}}`);
  const expected = parsed(withoutMark(bytes));
  const found = await failureOr(memberElements(bytes, "events", bounds, new Turns().open()));
  const events = (expected?.value as { readonly events?: unknown } | undefined)?.events;
  const arrays = all.filter((text) => /^\s*"events":\s*\[/.test(text));
  if (Array.isArray(events)) {
    expect(Array.isArray(found) ? found.map((one) => parsed(one)?.value) : found).toEqual(events);
  } else if (arrays.length === 0) expect(found).toBeInstanceOf(Failure);
});
