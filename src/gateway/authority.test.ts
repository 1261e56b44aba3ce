import { describe, expect, test } from "bun:test";
import { silent } from "../core/logger.ts";
import { createHostCheck, type HostRules, parseAuthority } from "./authority.ts";

test.each([
  ["localhost", "localhost", "localhost"],
  ["LocalHost:9000", "localhost", "localhost:9000"],
  ["localhost.", "localhost", "localhost."],
  ["a.example:80", "a.example", "a.example"],
  ["a_b", "a_b", "a_b"],
  ["127.1:9000", "127.0.0.1", "127.0.0.1:9000"],
  ["0x7f.1", "127.0.0.1", "127.0.0.1"],
  ["[0:0:0:0:0:0:0:1]:9000", "[::1]", "[::1]:9000"],
  ["a%41", "aa", "aa"],
])("%s names %s", (text, hostname, host) => {
  expect(parseAuthority(text)).toEqual({ hostname, host });
});

test.each(
  [
    ["", " ", "a b", "a/b", "a?b", "a#b", "a\\b", "u@a", "u:p@a", "a,b", "a, b", ":9000", "a:b"],
    ["x:99999", "a%zz", "a%2fb", "a%40b", "[::1", "::1", "[::g]", "xn--a", "ü.de", "a\tb"],
  ].flat(),
)("%j names no host", (text) => {
  expect(parseAuthority(text)).toBeUndefined();
});

const loopback = ["localhost:9000", "app.localhost", "127.0.0.1", "127.9.9.9:1", "[::1]:9000"];
const addresses = ["10.0.0.5:9000", "[fd00::5]:9000", "0.0.0.0"];
const plainNames = ["sluice:9000", "gateway"];
const publicNames = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.a"];

describe.each<[string, HostRules, readonly string[], readonly string[]]>([
  [
    "on loopback",
    { names: [], isReachable: false },
    loopback,
    [...addresses, ...plainNames, ...publicNames],
  ],
  [
    "reachable from other machines",
    { names: [], isReachable: true },
    [...loopback, ...addresses, ...plainNames],
    publicNames,
  ],
  [
    "with configured names",
    { names: ["a.example", "*.b.example", "[fd00::5]"], isReachable: false },
    [...loopback, "A.example:443", "x.b.example", "x.y.b.example", "[fd00:0::5]"],
    ["x.a.example", "b.example", "xb.example", ...publicNames],
  ],
  [
    "with any name",
    { names: ["*"], isReachable: false },
    [...loopback, ...addresses, ...plainNames, ...publicNames],
    [],
  ],
])("%s", (_, rules, accepted, refused) => {
  const check = createHostCheck(rules, silent);

  test("it answers for its hosts, each time", () => {
    for (const host of [...accepted, ...accepted]) {
      expect(check(host)).toBe(parseAuthority(host)?.host ?? "");
    }
  });

  test("it refuses others, each time", () => {
    for (const host of [...refused, ...refused]) expect(() => check(host)).toThrow("SLUICE_HOSTS");
    for (const host of ["a b", "localhost, localhost", "localhost:99999"]) {
      expect(() => check(host)).toThrow("expected one name or address, with an optional port");
    }
  });

  test("a request without a host is not of a browser", () => {
    expect([check(null), check("")]).toEqual(["localhost", "localhost"]);
  });
});

test("the first refused host is logged", () => {
  const lines: unknown[] = [];
  const check = createHostCheck({ names: [], isReachable: false }, (...line) => lines.push(line));
  for (const host of ["a.example", "b.example"]) expect(() => check(host)).toThrow();
  expect(lines).toEqual([
    ["warn", "host is refused; expected one of SLUICE_HOSTS", { host: "a.example" }],
  ]);
});
