import { expect, test } from "bun:test";
import { seededRandom } from "../../test/support/random.ts";
import { parseCivilTime } from "./civil-time.ts";

test.each([
  ["2026-01-31", "2026-01-31T00:00:00.000Z"],
  ["2024-02-29 10:11", "2024-02-29T10:11:00.000Z"],
  ["2024-02-29t10:11:12.5z", "2024-02-29T10:11:12.500Z"],
  ["2024-01-05T10:11:12.123999999", "2024-01-05T10:11:12.123Z"],
  ["2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000Z"],
  ["2026-01-31 12:00:00 -0230", "2026-01-31T14:30:00.000Z"],
  ["0001-01-01", "0001-01-01T00:00:00.000Z"],
])("%s is %s", (text, iso) => {
  expect(new Date(parseCivilTime(text)?.ms ?? Number.NaN).toISOString()).toBe(iso);
});

test.each([
  "",
  "now",
  "2024",
  "2024-01",
  "2024-1-5",
  "2024-02-30",
  "2023-02-29T00:00:00Z",
  "2024-13-01",
  "2024-00-10",
  "0000-01-01",
  "2024-01-01T24:00:00Z",
  "2024-01-01T10:60:00Z",
  "2024-01-01T10:00:61Z",
  "2024-01-01T10:00.5Z",
  "2024-01-01T10Z",
  "2024-01-01T10:00:00+15:00",
  "2024-01-01T10:00:00+02",
  "5 Jan 2024",
  "1704450000000",
  " 2024-01-01",
])("%j is not one", (text) => {
  expect(parseCivilTime(text)).toBeUndefined();
});

test("every day from 1583 to 9999 that JavaScript renders is read as the same", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 5000; round++) {
    const ms =
      Date.UTC(1583 + random.int(8417), random.int(12), 1 + random.int(28)) +
      random.int(86_400_000);
    expect(parseCivilTime(new Date(ms).toISOString())?.ms).toBe(ms);
  }
});
