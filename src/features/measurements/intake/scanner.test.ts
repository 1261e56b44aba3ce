import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { type Random, seededRandom } from "../../../../test/support/random.ts";
import { valuesToNumbers } from "../measurement.ts";
import { MeasurementScanner } from "./scanner.ts";

const scanner = new MeasurementScanner(Buffer.alloc(0));

function scan(text: string | Uint8Array) {
  const bytes = Buffer.from(text);
  const isMeasurement = scanner.scan(bytes, 0, bytes.byteLength);
  const { point, issue, isJson } = scanner;
  if (!isMeasurement) return { issue, isJson };
  if (scanner.next() !== 0) return { isJson: false };
  return {
    time: point.timeNs,
    timeMs: point.timeMs,
    tag: point.tagText(),
    values: valuesToNumbers({ values: point.copyValues() }),
  };
}

test("int64 times are exact to the last digit, bare and as strings", () => {
  for (const time of [
    0n,
    1n,
    -1n,
    999_999_999n,
    1_000_000_000n,
    2n ** 32n - 1n,
    -(2n ** 32n),
    2n ** 53n + 1n,
    1_795_263_600_123_456_789n,
    -1_795_263_600_123_456_789n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ]) {
    for (const written of [`${time}`, `"${time}"`]) {
      const got = scan(`{"time":${written},"tag":"a","values":[1]}`);
      expect(got.time).toBe(time);
      expect(got.timeMs).toBeCloseTo(Number(time) / 1e6, 0);
    }
  }
});

test("a time that is not an int64 is refused by its field, with its text", () => {
  for (const time of [
    "9223372036854775808",
    "-9223372036854775809",
    "1e18",
    "1.5",
    "1795263600123456789.0",
    `"1e18"`,
    `"01"`,
    `""`,
    `" 1"`,
    `"-"`,
    "null",
    "true",
    `{"a":[1,"}"]}`,
    "[1]",
  ]) {
    const { issue, isJson } = scan(`{"time":${time},"tag":"a","values":[1]}`);
    expect(issue).toMatchObject({ field: "time", code: "invalid" });
    expect(issue?.message).toContain(time);
    expect(isJson).toBe(true);
  }
});

test("tags: 1 to 512 bytes of UTF-8, no control characters", () => {
  const tag = (json: string) => scan(`{"tag":${json},"time":1,"values":[1]}`);
  for (const text of ["a", "x".repeat(512), "größe", "é".repeat(256), 'a"b\\c', "🙂", " "]) {
    expect(tag(JSON.stringify(text)).tag).toBe(text);
  }
  expect(tag(`"\\u0061\\/"`).tag).toBe("a/");
  for (const json of [
    `""`,
    `"${"x".repeat(513)}"`,
    `"${"é".repeat(257)}"`,
    `"a\\u0000"`,
    `"\\n"`,
    `"\\u007f"`,
    `"\\u0085"`,
    `"\\ud800"`,
    "1",
    "null",
    "[]",
  ]) {
    const { issue, isJson } = tag(json);
    expect(issue?.field).toBe("tag");
    expect(isJson).toBe(true);
  }
  expect(tag(`"a\u0001"`).isJson).toBe(false);
  expect(scan(Buffer.from(`{"tag":"\xff","time":1,"values":[1]}`, "latin1")).isJson).toBe(false);
});

test("values: 1 to 64 finite numbers, each refused by its index", () => {
  const values = (json: string) => scan(`{"time":1,"tag":"a","values":${json}}`);
  expect(values(`[${"1,".repeat(63)}2]`).values).toHaveLength(64);
  for (const [json, field] of [
    ["[]", "values"],
    [`[${"1,".repeat(64)}2]`, "values"],
    ["1", "values"],
    [`"1"`, "values"],
    ["null", "values"],
    ["[1,null]", "values[1]"],
    ["[1,2,1e999]", "values[2]"],
    [`["1"]`, "values[0]"],
    ["[[1]]", "values[0]"],
  ] as const) {
    expect(values(json).issue?.field).toBe(field);
  }
  for (const json of [
    "[1,]",
    "[,1]",
    "[1 2]",
    "[01]",
    "[1.]",
    "[.5]",
    "[1e]",
    "[+1]",
    "[-]",
    "[NaN",
  ]) {
    expect(values(json).isJson).toBe(false);
  }
});

test("members: in any order, all of them, no others", () => {
  expect(scan(` {\n"values" : [ 1 , 2.5 ] ,\t"tag":"a", "time" : 7 } \r\n`)).toMatchObject({
    time: 7n,
    values: [1, 2.5],
  });
  expect(scan(`{"t\\u0069me":7,"tag":"a","values":[1]}`).time).toBe(7n);
  expect(scan(`{"tag":"a","values":[1]}`).issue?.field).toBe("time");
  expect(scan(`{"time":1,"values":[1]}`).issue?.field).toBe("tag");
  expect(scan(`{"time":1,"tag":"a"}`).issue?.field).toBe("values");
  expect(scan("{}").issue?.field).toBe("time");
  expect(scan(`{"time":1,"tag":"a","values":[1],"unit":{"a":"}"}}`).issue?.field).toBe("unit");
  for (const text of ["1", `"x"`, "null", "[]", "[{}]"]) {
    expect(scan(text)).toMatchObject({ isJson: true, issue: { field: "body" } });
  }
  for (const text of ["", " ", "{", `{"time"`, `{"time":}`, `{"time":1,}`, "nul", "{]", `{"a":"`]) {
    expect(scan(text).isJson).toBe(false);
  }
});

test("agrees with JSON.parse on random texts, whole and broken", () => {
  const seed = Number(process.env["SLUICE_TEST_SEED"] ?? 20_261_121);
  const random = seededRandom(seed);
  for (let i = 0; i < 30_000; i++) {
    const whole = randomText(random);
    // As it arrives: half of a surrogate pair is no text.
    const text = (random.chance(0.5) ? whole : broken(whole, random)).toWellFormed();
    const got = scan(text);
    expect({ seed, text, ...accepted(text) }).toEqual({
      seed,
      text,
      ...("tag" in got ? { tag: got.tag, values: got.values } : {}),
    });
  }
});

/** What JSON.parse makes of it, where that is a measurement. */
function accepted(text: string): { tag?: string; values?: number[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return {};
  if (Object.keys(json).toSorted().join() !== "tag,time,values") return {};
  const { time, tag, values } = json as { [name: string]: unknown };
  const digits =
    typeof time === "string" ? time : (/"time"\s*:\s*(-?[\d.eE+-]+)/.exec(text)?.[1] ?? "");
  if (!/^-?(0|[1-9]\d*)$/.test(digits) || BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits)) {
    return {};
  }
  if (typeof time !== "string" && typeof time !== "number") return {};
  if (typeof tag !== "string" || tag === "" || Buffer.byteLength(tag) > 512) return {};
  if (/\p{Cc}/u.test(tag) || !tag.isWellFormed()) return {};
  if (!Array.isArray(values) || values.length < 1 || values.length > 64) return {};
  if (!values.every((value) => typeof value === "number" && Number.isFinite(value))) return {};
  return { tag, values };
}

function randomText(random: Random): string {
  const space = () => (random.chance(0.1) ? " \t\n\r"[random.int(4)] : "");
  const members = [
    () => `"time"${space()}:${space()}${randomTime(random)}`,
    () => `"tag":${space()}${randomTag(random)}${space()}`,
    () => {
      const values = Array.from({ length: random.int(12) }, () => randomNumber(random));
      return `"values":[${space()}${values.join(`${space()},${space()}`)}]`;
    },
  ];
  const order = members.map((member) => ({ member, at: random.int(1000) }));
  order.sort((a, b) => a.at - b.at);
  return `{${space()}${order.map(({ member }) => member()).join(",")}}${space()}`;
}

function randomTime(random: Random): string {
  const digits = String(random.int(9) + 1) + String(random.int(1e9)) + String(random.int(1e9));
  const time = random.chance(0.1) ? `-${digits}` : digits;
  return random.chance(0.2) ? `"${time}"` : time;
}

function randomTag(random: Random): string {
  const letters = ["a", "7", ",", "=", "é", "🙂", '"', "\\", "\u0000", "\ud800", "\u0085"];
  const text = Array.from(
    { length: random.int(9) },
    () => letters[random.int(letters.length) % 11],
  );
  const json = JSON.stringify(text.join(""));
  return random.chance(0.8) ? JSON.stringify("tag-" + random.int(99)) : json;
}

function randomNumber(random: Random): string {
  const whole = random.int(10 ** random.int(10));
  switch (random.int(6)) {
    case 0:
      return String(whole);
    case 1:
      return `-${whole}.${random.int(1e9)}`;
    case 2:
      return String(random.int(1e9) / (random.int(1e9) + 1));
    case 3:
      return `${whole}.${random.int(10)}e${random.int(40) - 20}`;
    case 4:
      return `${random.int(1e9)}${random.int(1e9)}${random.int(1e9)}E${random.int(700) - 350}`;
    default:
      return "-0";
  }
}

function broken(text: string, random: Random): string {
  const at = random.int(text.length);
  const with_ = `0"[]{},:\\eE.-+ntfx\n `[random.int(20)] ?? "";
  return text.slice(0, at) + with_ + text.slice(at + random.int(2));
}
