// Fuzzes what decides where a request goes: Host and the target of the request line. Behind the real
// listener, because the engine parses both before Sluice does.

import { afterAll, expect } from "bun:test";
import { connect, type Socket } from "node:net";
import { silent } from "../../src/core/logger.ts";
import { createHostCheck, parseAuthority } from "../../src/gateway/authority.ts";
import { createEntry } from "../../src/http/entry/entry.ts";
import { parseOrigin } from "../../src/http/origin.ts";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { fuzz } from "./fuzz.ts";
import type { FuzzRandom } from "./generate.ts";

const hostParts = [
  ...["a", "B", "0", "9", ".", "-", "_", ":", "::", "[", "]", "%", "%41", "%2f", "%zz", "@", "/"],
  ...["\\", "?", "#", " ", "\t", ",", "é", "*", "xn--", "0x7f", "localhost", "127.1", "[::1]"],
  ...[":80", ":9000", ":99999", "~", "!", "$", "&", "'", "(", "+", ";", "=", '"', "<", "^", "|"],
];

const hostOf = (random: FuzzRandom) =>
  random.chance(0.3)
    ? random.pick(["localhost", "a.example:80", "[::1]:9"])
    : random.text(hostParts, 8);

fuzz("a host that is accepted is the one that URLs have", { cases: 20_000 }, (random) => {
  const text = random.text(hostParts, 10);
  const authority = parseAuthority(text);
  if (authority === undefined) return;
  const url = new URL(`http://${text}/path?query`);
  expect(url.host).toBe(authority.host);
  expect(url.hostname.replace(/\.$/, "")).toBe(authority.hostname);
  // Nothing of it has become a user, a path or a query, and it is a host again.
  expect([url.username, url.password, url.pathname, url.search, url.hash]).toEqual([
    ...["", "", "/path"],
    ...["?query", ""],
  ]);
  expect(parseAuthority(authority.host)).toEqual(authority);
});

fuzz(
  "an origin is accepted in the spelling of URLs, and that again",
  { cases: 20_000 },
  (random) => {
    const schemes = ["http://", "https://", "HTTP://", "ftp:", "a:", ""];
    const ends = ["", "", "/", "/x", "?", "#"];
    const text = random.pick(schemes) + hostOf(random) + random.pick(ends);
    const origin = parseOrigin(text);
    if (origin === undefined) return;
    const { href, host } = new URL(text);
    expect([href, host === ""]).toEqual([`${origin}/`, false]);
    expect(parseOrigin(origin)).toBe(origin);
  },
);

const targetParts = [
  ...["a", "log", "/", "//", ".", "..", "/../", "/./", "%2e", "%2E%2e", "%2f", "%5c", "\\", ":"],
  ...["?", "#", "&", "=", "%", "%zz", "%e4", "é", '"', "<", "|", "^", ";", "@", "http://x", "*"],
];

const server = bunRuntime.createServer();
const port = await server.listen({
  hostname: "127.0.0.1",
  port: 0,
  fetch: createEntry((request) => Response.json(request.url), {
    checkHost: createHostCheck({ names: ["*"], isReachable: true }, silent),
    peers: { addressOf: () => undefined, proxies: undefined, certificateHeader: undefined },
    origins: [],
    headerBytesMax: 32 * 1024,
    logger: silent,
  }),
});
afterAll(() => server.stop(0));

interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/** The engine closes the connection of some requests that are none, without an answer. */
const closed = 0;

/** One connection after another: an answer is read by its length, or to the connection's end. */
class RawClient {
  #socket: Socket | undefined;

  ask(head: string): Promise<RawAnswer> {
    const socket = this.#socket ?? connect(port, "127.0.0.1");
    this.#socket = socket;
    return new Promise((resolve) => {
      let text = "";
      const finish = () => {
        socket.removeAllListeners();
        const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? closed;
        resolve({ status: Number(status), body: text.split("\r\n\r\n")[1] ?? "" });
      };
      socket.on("data", (data: Buffer) => {
        text += data.toString();
        const [headers = "", body] = text.split("\r\n\r\n");
        const length = /content-length: (\d+)/i.exec(headers)?.[1];
        if (body === undefined || Buffer.byteLength(body) < Number(length ?? 0)) return;
        // The engine closes the connection after each of these.
        if (head.includes(" HTTP/1.0\r\n") || !text.startsWith("HTTP/1.1 200")) this.#drop();
        finish();
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#socket = undefined;
        finish();
      });
      socket.write(head);
    });
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}

const client = new RawClient();

fuzz("a request is routed by the whole path that URLs have", { cases: 2000 }, async (random) => {
  const target =
    random.pick(["/", "/", "/", "/", "//", "", "http://a.example/"]) + random.text(targetParts, 8);
  const version = random.pick(["1.1", "1.1", "1.0"]);
  const hosts = random.chance(0.2) ? [] : [hostOf(random)];
  if (random.chance(0.05)) hosts.push(hostOf(random));
  const lines = hosts.map((host) => `Host: ${host}\r\n`).join("");
  const { status, body } = await client.ask(`GET ${target} HTTP/${version}\r\n${lines}\r\n`);

  expect([closed, 200, 400, 505]).toContain(status);
  // Spaces around a header's value are not part of it.
  const [host = "", ...more] = hosts.map((text) => text.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
  const authority = host === "" ? { host: "localhost" } : parseAuthority(host);
  if (status !== 200) {
    const isPlain = /^\/[\w/.]*$/.test(target) && authority !== undefined && more.length === 0;
    // HTTP/1.1 without Host is refused by the engine.
    expect(isPlain && !(version === "1.1" && hosts.length === 0)).toBe(false);
    return;
  }
  expect([authority !== undefined, more]).toEqual([true, []]);
  // The engine takes all up to the next slash or query for the host of an absolute target.
  const path = target.replace(/^http:\/\/[^/?]*\/?/, "/");
  const expected = new URL(`http://${authority?.host}${path}`).href;
  // Nothing looks at a fragment, and the engine drops an empty one.
  expect(JSON.parse(body).split("#", 1)).toEqual(expected.split("#", 1));
});
