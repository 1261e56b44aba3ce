import { describe, expect, test } from "bun:test";
import { createTrustedProxies } from "../../gateway/proxies.ts";
import { type ForwardedClient, forwardedClient } from "./forwarded.ts";

const proxies = createTrustedProxies(["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"]);
const nothing = { scheme: undefined, host: undefined };

function client(
  peer: string,
  headers: Readonly<Record<string, string>>,
): ForwardedClient | undefined {
  return forwardedClient(peer, (name) => headers[name], proxies);
}

describe("behind proxies", () => {
  test("headers of a peer that is not trusted are not heeded", () => {
    const headers = {
      "x-forwarded-for": "1.1.1.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
      forwarded: "for=1.1.1.1;proto=https",
    };
    expect(client("203.0.113.9", headers)).toBeUndefined();
    expect(client("", headers)).toBeUndefined();
  });

  test.each([
    ["one proxy", "10.1.1.1", "203.0.113.9", "203.0.113.9"],
    ["two proxies", "10.1.1.1", "203.0.113.9, 10.2.2.2", "203.0.113.9"],
    ["a client that makes up a chain", "10.1.1.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"],
    ["a client that claims to be a proxy", "10.1.1.1", "10.9.9.9, 203.0.113.9", "203.0.113.9"],
    ["a client inside", "10.1.1.1", "10.3.3.3", "10.3.3.3"],
    ["IPv6 with a port", "fd00::1", "[2001:db8::7]:443", "2001:db8::7"],
    ["IPv4 with a port", "10.1.1.1", "203.0.113.9:5000", "203.0.113.9"],
    ["an address that IPv6 wraps", "::ffff:10.1.1.1", "203.0.113.9", "203.0.113.9"],
    ["a word", "10.1.1.1", "unknown", "10.1.1.1"],
    ["a word before a proxy", "10.1.1.1", "unknown, 10.2.2.2", "10.2.2.2"],
    ["nothing", "10.1.1.1", "", "10.1.1.1"],
    ["garbage", "10.1.1.1", "203.0.113.9<script>", "10.1.1.1"],
  ])("X-Forwarded-For names the client: %s", (_, peer, text, address) => {
    expect(client(peer, { "x-forwarded-for": text })).toEqual({ ...nothing, address });
  });

  test.each([
    ["for=203.0.113.9;proto=https;host=a.example", "203.0.113.9", "https", "a.example"],
    ['For="[2001:db8::7]:80"; Proto=HTTPS', "2001:db8::7", "https", undefined],
    ["for=203.0.113.9;proto=https, for=10.2.2.2;proto=http", "203.0.113.9", "https", undefined],
    [
      "for=6.6.6.6;host=evil.example, for=203.0.113.9;host=a.example",
      "203.0.113.9",
      undefined,
      "a.example",
    ],
    ['for="_hidden";proto=https', "10.1.1.1", "https", undefined],
    ['for="203.0.113.9, 1.1.1.1";proto=https', "10.1.1.1", "https", undefined],
    ['for="a\\"b;c,d"', "10.1.1.1", undefined, undefined],
    ["", "10.1.1.1", undefined, undefined],
    [';;==,"', "10.1.1.1", undefined, undefined],
  ])("Forwarded: %s", (text, address, scheme, host) => {
    const headers = { forwarded: text, "x-forwarded-for": "9.9.9.9" };
    expect(client("10.1.1.1", headers)).toEqual({ address, scheme, host } as ForwardedClient);
  });

  test("scheme and host are of the proxy that the client has called", () => {
    const headers = {
      "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.2.2.2",
      "x-forwarded-proto": "http, https, http",
      "x-forwarded-host": "evil.example, a.example, inner",
    };
    const expected = { address: "203.0.113.9", scheme: "https", host: "a.example" } as const;
    expect(client("10.1.1.1", headers)).toEqual(expected);
    // One value for all, as most proxies set it.
    const one = { ...headers, "x-forwarded-proto": "wss", "x-forwarded-host": "a.example" };
    expect(client("10.1.1.1", one)).toEqual(expected);
    expect(client("10.1.1.1", { "x-forwarded-proto": "gopher" })?.scheme).toBeUndefined();
  });

  test("a chain that does not end is cut", () => {
    const chain = Array.from({ length: 5000 }, () => "10.0.0.1").join(",");
    expect(client("10.1.1.1", { "x-forwarded-for": `203.0.113.9,${chain}` })?.address).toBe(
      "10.0.0.1",
    );
  });
});

describe("SLUICE_TRUSTED_PROXIES", () => {
  test("has networks and addresses of both families", () => {
    const some = createTrustedProxies(["192.168.1.0/24", "10.0.0.1", "::1"]);
    for (const inside of ["192.168.1.200", "10.0.0.1", "::1", "::ffff:10.0.0.1"]) {
      expect([inside, some.has(inside)]).toEqual([inside, true]);
    }
    for (const outside of ["192.168.2.1", "10.0.0.2", "::2", "", "localhost"]) {
      expect([outside, some.has(outside)]).toEqual([outside, false]);
    }
  });

  test.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "::1/129",
    "localhost",
    "10.0.0/8",
    "*",
    "-1",
  ])("refuses %s", (text) => {
    expect(() => createTrustedProxies([text])).toThrow("a network");
  });
});
