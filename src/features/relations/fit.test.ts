import { describe, expect, test } from "bun:test";
import { fit } from "./fit.ts";
import { type ColumnType, columnTypes } from "./relation.ts";

function text(type: ColumnType, json: string | undefined): string | null | undefined {
  const fitted = fit(type, json);
  return fitted.ok ? fitted.text : undefined;
}

test.each(columnTypes)("what is missing and null are null: %s", (type) => {
  expect(text(type, undefined)).toBeNull();
  expect(text(type, "null")).toBeNull();
});

describe("taken, in PostgreSQL's words", () => {
  const cases: [ColumnType, string, string][] = [
    ["text", '"a\\"b"', 'a"b'],
    ["text", "12.50", "12.50"],
    ["text", "true", "true"],
    ["integer", "42", "42"],
    ["integer", '" 42 "', "42"],
    ["integer", "-2147483648", "-2147483648"],
    ["integer", "3.000", "3"],
    ["integer", "1.5e1", "15"],
    ["integer", "-0", "0"],
    ["integer", "0e9999", "0"],
    ["bigint", "9223372036854775807", "9223372036854775807"],
    ["bigint", '"-9223372036854775808"', "-9223372036854775808"],
    ["bigint", "000000000000000000000000012", "12"],
    ["numeric", "0.1000000000000000000000001", "0.1000000000000000000000001"],
    ["numeric", '"12345678901234567890.5"', "12345678901234567890.5"],
    ["numeric", "1e-5", "1e-5"],
    ["double precision", "0.1", "0.1"],
    ["double precision", '"1e-400"', "0"],
    ["boolean", "false", "false"],
    ["boolean", '"TRUE"', "true"],
    ["timestamptz", '"2026-01-31T12:30:15.123456789Z"', "2026-01-31 12:30:15.123456789Z"],
    ["timestamptz", '"2026-01-31 12:30:15+02:00"', "2026-01-31 12:30:15+02:00"],
    ["timestamptz", '"2026-01-31 12:30"', "2026-01-31 12:30:00Z"],
    ["timestamptz", '"2024-02-29"', "2024-02-29 00:00:00Z"],
    ["jsonb", '{"a":[1,9223372036854775807]}', '{"a":[1,9223372036854775807]}'],
  ];
  test.each(cases)("%s of %s", (type, json, wanted) => {
    expect(text(type, json)).toBe(wanted);
  });
});

describe("refused, with the reason", () => {
  const cases: [ColumnType, string, RegExp][] = [
    ["text", "{}", /an object or an array/],
    ["text", '"a\\u0000b"', /NUL/],
    ["text", '"\\ud800"', /half of a surrogate pair/],
    ["integer", '"abc"', /not a number/],
    ["integer", '""', /not a number/],
    ["integer", "true", /not a number/],
    ["integer", "1.5", /not whole/],
    ["integer", "2147483648", /too large, expected a whole number of 32 bits/],
    ["integer", "1e99999", /too large/],
    ["bigint", "9223372036854775808", /too large, expected a whole number of 64 bits/],
    ["bigint", "-9223372036854775809", /too large/],
    ["bigint", "[1]", /not a number/],
    ["numeric", '"NaN"', /not a number/],
    ["numeric", "1e99999", /more than 1000 digits/],
    ["double precision", "1e400", /too large/],
    ["double precision", '"Infinity"', /not a number/],
    ["boolean", "1", /not a boolean/],
    ["timestamptz", "1700000000", /not text/],
    ["timestamptz", '"Hello"', /not a time/],
    ["timestamptz", '"2026-02-30T00:00:00Z"', /no such time/],
    ["timestamptz", '"2026-02-01T25:00:00Z"', /no such time/],
    ["timestamptz", '"2026-02-01T10:00:00+25:00"', /no such time/],
    ["timestamptz", '"0000-01-01"', /no such time/],
  ];
  test.each(cases)("%s of %s", (type, json, reason) => {
    const fitted = fit(type, json);
    expect(fitted.ok ? "it was taken" : fitted.why).toMatch(reason);
  });
});
