import { expect, test } from "bun:test";
import { expectedInstant, parseInstant } from "./instant.ts";

test.each([
  ["2026-01-01T00:00:00.123456789Z", 1_767_225_600_123_456_789n],
  ["2026-01-01 01:00:00+01:00", 1_767_225_600_000_000_000n],
  ["1767225600", 1_767_225_600_000_000_000n],
  ["1767225600123", 1_767_225_600_123_000_000n],
  ["1767225600123456", 1_767_225_600_123_456_000n],
  ["1767225600123456789", 1_767_225_600_123_456_789n],
  ["0", 0n],
  ["9999999999999999999", undefined],
  ["-5", undefined],
  ["", undefined],
  ["yesterday", undefined],
  ["1969-12-31T23:59:59.5Z", -500_000_000n],
  ["2999-01-01T00:00:00Z", undefined],
])("%p is %p", (text, ns) => {
  expect(parseInstant(text)).toBe(ns);
});

test.each([
  ["2999-01-01T00:00:00Z", /^a time from 1678-01-01 to 2262-04-11, because/],
  ["0001-02-28T00:00:00Z", /^a time from 1678/],
  ["2262-04-12T00:00:00Z", /^a time from 1678/],
  ["9999999999999999999", /^a time from 1678/],
  ["99999999999999999999", /^a time from 1678/],
  ["2999-13-01T00:00:00Z", /^an RFC 3339 time, or a number since 1970$/],
  ["0100-02-29T00:00:00Z", /^an RFC 3339 time, or/],
  ["yesterday", /^an RFC 3339 time, or/],
])("in place of %p it is expected %p", (text, words) => {
  expect(parseInstant(text)).toBeUndefined();
  expect(expectedInstant(text)).toMatch(words);
});
