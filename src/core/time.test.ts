import { expect, test } from "bun:test";
import { seededRandom } from "../../test/support/random.ts";
import { systemClock } from "./clock.ts";
import { parseTime, renderTime } from "./time.ts";

test.each([
  [0n, "1970-01-01T00:00:00.000Z"],
  [1_732_000_000_123_000_000n, "2024-11-19T07:06:40.123Z"],
  [1_732_000_000_123_456_000n, "2024-11-19T07:06:40.123456Z"],
  [1_732_000_000_123_456_789n, "2024-11-19T07:06:40.123456789Z"],
  [-1n, "1969-12-31T23:59:59.999999999Z"],
  [2n ** 63n - 1n, "2262-04-11T23:47:16.854775807Z"],
  [-(2n ** 63n), "1677-09-21T00:12:43.145224192Z"],
])("%d ns is %s", (ns, text) => {
  expect(renderTime(ns)).toBe(text);
});

test("the clock's two readings agree", () => {
  for (let i = 0; i < 1000; i++) {
    const apartMs = Number(systemClock.nowNs() / 1_000_000n) - systemClock.nowMs();
    expect(Math.abs(apartMs)).toBeLessThanOrEqual(50);
  }
});

test.each([
  ["1970-01-01T00:00:00Z", 0n],
  ["2024-11-19T07:06:40.123456789Z", 1_732_000_000_123_456_789n],
  ["2024-11-19T07:06:40.1234567891Z", 1_732_000_000_123_456_789n],
  ["2024-11-19t07:06:40.1z", 1_732_000_000_100_000_000n],
  ["2024-11-19 07:06:40Z", 1_732_000_000_000_000_000n],
  ["2024-11-19T12:36:40+05:30", 1_732_000_000_000_000_000n],
  ["2024-11-18T23:06:40-08:00", 1_732_000_000_000_000_000n],
  ["2016-12-31T23:59:60Z", 1_483_228_800_000_000_000n],
  ["2024-02-29T00:00:00Z", 1_709_164_800_000_000_000n],
  ["2262-04-11T23:47:16.854775807Z", 2n ** 63n - 1n],
  ["1969-12-31T23:59:59.999999999Z", -1n],
])("%s is read", (text, ns) => {
  expect(parseTime(text)).toBe(ns);
});

test.each([
  "Hello",
  "",
  "2024-11-19",
  "2024-11-19T07:06:40",
  "2024-11-19T07:06Z",
  "2023-02-29T00:00:00Z",
  "2024-13-01T00:00:00Z",
  "2024-00-01T00:00:00Z",
  "2024-11-00T00:00:00Z",
  "2024-11-19T24:00:00Z",
  "2024-11-19T07:60:00Z",
  "2024-11-19T07:06:61Z",
  "2024-11-19T07:06:40.Z",
  "2024-11-19T07:06:40+24:00",
  "2024-11-19T07:06:40+0530",
  " 2024-11-19T07:06:40Z",
  "2024-11-19T07:06:40Z\n",
  "2262-04-11T23:47:16.854775808Z",
  "1677-12-31T23:59:59Z",
  "9999-12-31T23:59:59Z",
])("%p is no time", (text) => {
  // Whatever minute was read before: the short way takes no more than the long one.
  parseTime("2024-11-19T07:06:00Z");
  expect(parseTime(text)).toBeUndefined();
});

test("what is rendered is read, also where times of many minutes follow each other", () => {
  const seed = 11;
  const random = seededRandom(seed);
  for (let i = 0; i < 20_000; i++) {
    const second = BigInt(1_795_000_000 + random.int(200));
    const ns = second * 1_000_000_000n + BigInt(random.int(1_000_000_000));
    const digits = random.int(10);
    const kept = digits === 0 ? ns - (ns % 1_000_000_000n) : ns - (ns % 10n ** BigInt(9 - digits));
    const whole = new Date(Number(kept / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
    const fraction = (kept % 1_000_000_000n).toString().padStart(9, "0").slice(0, digits);
    const text = digits === 0 ? `${whole}Z` : `${whole}.${fraction}Z`;
    expect({ seed, text, ns: parseTime(text) }).toEqual({ seed, text, ns: kept });
    expect(parseTime(renderTime(ns))).toBe(ns);
  }
});
