// What every request passes before it is routed: whose name it uses, which address it has, and which
// page it is of. Byte by byte, because clients normalise what they send.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { Code } from "@connectrpc/connect";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, exchange, statuses } from "../../support/http.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({
    env: {
      SLUICE_HOSTS: "Gateway.example, *.sluice.example",
      SLUICE_ORIGINS: "HTTPS://Friend.example:443/",
    },
  });
}, 60_000);
afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
});

interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly text: string;
}

/** Sends the lines as they are. */
async function raw(line: string, headers: readonly string[] = [], body = ""): Promise<RawAnswer> {
  const head = [line, ...headers, "Connection: close", "", ""].join("\r\n");
  const { text } = await exchange(gateway.url, [head + body], { firstMs: 5000 });
  const [status = 0] = statuses(text);
  return { status, body: text.slice(text.indexOf("\r\n\r\n") + 4), text };
}

async function makeEmitter(id: string): Promise<void> {
  const { status } = await ask("PUT", `${gateway.url}/log/${id}`, {
    body: '{"source":"external"}',
  });
  expect(status).toBe(201);
}

describe("a request without a host, as balancers send it with HTTP/1.0", () => {
  for (const [name, headers] of [
    ["no Host", []],
    ["an empty Host", ["Host:"]],
  ] as const) {
    test(`${name}: is answered by its whole path`, async () => {
      expect(await raw("GET /readyz HTTP/1.0", headers)).toMatchObject({ status: 200 });
      expect(await raw("GET /v1/topics? HTTP/1.0", headers)).toMatchObject({ status: 200 });
      expect(await raw("GET /pub/v1/topics HTTP/1.0", headers)).toMatchObject({ status: 404 });
      expect(await raw("GET //x/v1/topics HTTP/1.0", headers)).toMatchObject({ status: 404 });
    });
  }

  test("does not reach what lies behind another prefix", async () => {
    await makeEmitter("kept");
    const answer = await raw("DELETE /sse/log/kept HTTP/1.0");
    expect([answer.status, /^allow: .*$/im.exec(answer.text)?.[0]]).toEqual([405, "allow: GET"]);
    const { json } = await ask("GET", `${gateway.url}/v1/emitters/kept`);
    expect(json).not.toHaveProperty("ended_at");
  });

  test("writes and streams like any other", async () => {
    await makeEmitter("plain");
    const body = '{"n":1}';
    const length = [`Content-Length: ${body.length}`];
    expect(await raw("POST /log/plain HTTP/1.0", length, body)).toMatchObject({ status: 200 });
    const { text } = await exchange(gateway.url, ["GET /sse/log/plain?tail=1 HTTP/1.0\r\n\r\n"]);
    expect(text).toContain('data:{"n":1}');
    const rpc = await raw(
      "POST /grpc.health.v1.Health/Check HTTP/1.0",
      ["Content-Type: application/json", "Content-Length: 2"],
      "{}",
    );
    expect(rpc).toMatchObject({ status: 200 });
  });
});

describe("a Host that is not one", () => {
  test.each([
    ["a space", "a b"],
    ["a path", "a/b"],
    ["a user", "u@localhost"],
    ["a port beyond 65535", "localhost:99999"],
    ["a bad escape", "a%zz"],
    ["half an address", "[::1"],
    ["bytes beyond ASCII", "ü.de"],
    ["a list", "localhost,localhost"],
    ["nothing but a port", ":9000"],
  ])("%s: is refused on every address, and nothing is written", async (_, host) => {
    await makeEmitter(`bad-host-${host.length}-${Math.random().toString(36).slice(2)}`);
    for (const path of ["/readyz", "/pub/v1/topics", "/log", "/sse/log/x", "/v1/series/x"]) {
      const { status, body } = await raw(`GET ${path} HTTP/1.1`, [`Host: ${host}`]);
      expect([path, status]).toEqual([path, 400]);
      expect(JSON.parse(body)).toMatchObject({ code: "invalid", errors: [{ field: "host" }] });
    }
    for (const path of ["/grpc.health.v1.Health/Check", "/save", "/api/event", "/nothing"]) {
      const headers = [`Host: ${host}`, "Content-Type: application/json", "Content-Length: 2"];
      const { status } = await raw(`POST ${path} HTTP/1.1`, headers, "{}");
      expect([path, status]).toEqual([path, 400]);
    }
  });

  test("two lines are refused, even if they are the same", async () => {
    for (const second of ["localhost", "evil.example", ""]) {
      const { status } = await raw("GET /readyz HTTP/1.1", ["Host: localhost", `host: ${second}`]);
      expect(status).toBe(400);
    }
  });

  test("a target that is not a path is refused", async () => {
    const { status } = await raw("CONNECT localhost:80 HTTP/1.1", ["Host: localhost"]);
    expect(status).toBe(400);
  });
});

describe("a host of a stranger, which may resolve to this machine", () => {
  const evil = ["Host: evil.example:9000", "Origin: http://evil.example:9000"];

  test("is served nothing, and changes nothing", async () => {
    const { status, body } = await raw(
      "PUT /log/stolen HTTP/1.1",
      [...evil, "Content-Length: 2"],
      "{}",
    );
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({
      code: "forbidden",
      detail:
        'Cannot serve host "evil.example:9000": expected localhost, a loopback address, or one of SLUICE_HOSTS',
    });
    expect((await ask("GET", `${gateway.url}/log/stolen`)).status).toBe(404);
    for (const path of ["/v1/topics", "/livez", "/ui", "/openapi.json", "/nothing"]) {
      expect([path, (await raw(`GET ${path} HTTP/1.1`, evil)).status]).toEqual([path, 403]);
    }
  });

  test("opens no socket", async () => {
    for (const path of ["/v1/ws", "/echo"]) {
      expect((await raw(`GET ${path} HTTP/1.1`, [...evil, ...handshake])).status).toBe(403);
    }
  });

  test("is refused over HTTP/2 on both ports, by the words of each protocol", async () => {
    const authority = "evil.example";
    const rest = await http2(gateway.url, { ":path": "/v1/topics", ":authority": authority });
    expect(rest[":status"]).toBe(403);
    const check = { ":method": "POST", ":path": "/grpc.health.v1.Health/Check" };
    const grpc = { ...check, "content-type": "application/grpc", te: "trailers" };
    expect(await http2(gateway.grpcUrl, { ...grpc, ":authority": authority })).toMatchObject({
      ":status": 200,
      "grpc-status": String(Code.PermissionDenied),
    });
    expect(
      await http2(gateway.grpcUrl, { ...grpc, ":authority": "localhost:99999" }),
    ).toMatchObject({ ":status": 200, "grpc-status": String(Code.InvalidArgument) });
    const connect = { ...check, "content-type": "application/json", ":authority": authority };
    expect(await http2(gateway.grpcUrl, connect)).toMatchObject({ ":status": 403 });
    const publish = { ...grpc, ":path": "/sluice.v1.CollectorService/Publish" };
    expect(await http2(gateway.grpcUrl, { ...publish, ":authority": authority })).toMatchObject({
      "grpc-status": String(Code.PermissionDenied),
    });
  });

  test("the first one is logged, with the setting", () => {
    const lines = gateway.log().split("\n");
    const refusals = lines.filter((line) => line.includes("host is refused"));
    expect(refusals.map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", message: "host is refused; expected one of SLUICE_HOSTS" },
    ]);
  });
});

test("a node answers for its own hosts, in any spelling", async () => {
  const { port } = new URL(gateway.url);
  const names = ["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.1", "[::1]"];
  for (const name of [...names, "gateway.example", "GATEWAY.EXAMPLE", "eu.sluice.example"]) {
    for (const host of [name, `${name}:${port}`, `${name}:443`]) {
      const { status } = await raw("GET /livez HTTP/1.1", [`Host: ${host}`]);
      expect([host, status]).toEqual([host, 200]);
    }
  }
});

test("a node that others reach answers for addresses and plain names, as containers have them", async () => {
  const reachable = await startGateway({ env: { SLUICE_HOST: "0.0.0.0", SLUICE_INSECURE: "1" } });
  const { port } = new URL(reachable.url);
  const status = async (host: string) => {
    const head = `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    return statuses((await exchange(`http://127.0.0.1:${port}`, [head])).text)[0];
  };
  for (const host of ["localhost", "10.0.0.5:9000", "[fd00::5]:9000", "sluice:9000"]) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
  expect(await status("evil.example:9000")).toBe(403);
  await reachable.stop();
}, 60_000);

describe("a page", () => {
  const put = async (id: string, host: string, origin: string) => {
    const headers = [`Host: ${host}`, `Origin: ${origin}`, "Content-Length: 21"];
    return (await raw(`PUT /log/${id} HTTP/1.1`, headers, '{"source":"external"}')).status;
  };

  test.each([
    ["gateway.example:443", "https://gateway.example"],
    ["gateway.example:80", "http://gateway.example"],
    ["GATEWAY.example", "http://gateway.example"],
    ["gateway.example:8443", "https://gateway.example:8443"],
    ["[0:0:0:0:0:0:0:1]:9000", "http://[::1]:9000"],
  ])("of this node is recognised behind Host: %s", async (host, origin) => {
    expect(await put(`own-${host.replaceAll(/\W/g, "-")}`, host, origin)).toBe(201);
  });

  test.each([
    ["gateway.example", "http://gateway.example:8080"],
    ["gateway.example:443", "http://gateway.example"],
    ["gateway.example", "https://evil.example"],
    ["gateway.example", "null"],
    ["gateway.example", "http://gateway.example/path"],
  ])("of another origin is refused: Host %s, Origin %s", async (host, origin) => {
    expect(await put("of-another", host, origin)).toBe(403);
  });

  test.each(["https://friend.example", "HTTPS://FRIEND.example", "https://friend.example:443"])(
    "of SLUICE_ORIGINS is served, spelled %s",
    async (origin) => {
      const headers = ["Host: localhost", `Origin: ${origin}`];
      const { status, text } = await raw("GET /livez HTTP/1.1", headers);
      expect([status, text]).toEqual([200, expect.stringContaining(`${origin}\r\n`)]);
      expect(await put(`friend-${Math.random()}`, "localhost", origin)).toBe(201);
    },
  );

  test("of SLUICE_ORIGINS may send credentials and ask for fresh answers", async () => {
    const { headers } = await ask("OPTIONS", `${gateway.url}/log`, {
      headers: { origin: "https://friend.example", "access-control-request-method": "POST" },
    });
    const allowed = (headers.get("access-control-allow-headers") ?? "").toLowerCase().split(",");
    expect(allowed).toEqual(expect.arrayContaining(["authorization", "cache-control"]));
  });

  test("of another origin is reported once, with the setting", () => {
    const lines = gateway.log().split("\n");
    const refusals = lines.filter((line) => line.includes("page of another origin"));
    expect(refusals.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: "warn",
        message: "page of another origin is refused; expected one of SLUICE_ORIGINS",
      },
    ]);
  });
});

describe("a GET that writes", () => {
  const addresses = [
    "/api/create_event",
    "/%61pi/create_event",
    "/api/test_socket?message_id=by-get",
  ];
  const status = async (path: string, headers: readonly string[]) =>
    (await raw(`GET ${path} HTTP/1.1`, ["Host: localhost", ...headers])).status;

  test.each(["cross-site", "same-site"])("is refused for a page that is %s", async (site) => {
    for (const path of addresses) {
      expect(await status(path, [`Sec-Fetch-Site: ${site}`, "Sec-Fetch-Mode: no-cors"])).toBe(403);
      const origin = ["Origin: http://localhost:3000", `Sec-Fetch-Site: ${site}`];
      expect(await status(path, origin)).toBe(403);
    }
    expect((await ask("GET", `${gateway.url}/v1/messages/by-get`)).json.apps ?? []).toEqual([]);
  });

  test("is served to programs, to the node's own pages and to those of SLUICE_ORIGINS", async () => {
    for (const path of addresses) {
      expect(await status(path, [])).toBe(200);
      expect(await status(path, ["Sec-Fetch-Site: same-origin"])).toBe(200);
      expect(await status(path, ["Sec-Fetch-Site: none"])).toBe(200);
      const friend = ["Origin: https://friend.example", "Sec-Fetch-Site: cross-site"];
      expect(await status(path, friend)).toBe(200);
    }
  });
});

const handshake = [
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

test("no WebSocket subprotocol is agreed to, because no address has one", async () => {
  for (const path of ["/v1/ws", "/echo", "/ws/messages/m"]) {
    const head = [
      `GET ${path} HTTP/1.1`,
      "Host: localhost",
      "Connection: Upgrade",
      ...handshake,
      "Sec-WebSocket-Protocol: graphql-transport-ws, other",
    ];
    const { text } = await exchange(gateway.url, [`${head.join("\r\n")}\r\n\r\n`]);
    expect(statuses(text)).toEqual([101]);
    expect(text.toLowerCase()).not.toContain("sec-websocket-protocol");
  }
});

describe("HEAD", () => {
  test.each(["/livez", "/v1/topics", "/openapi.json", "/ui", "/nothing", "/log/no-such"])(
    "%s: has the headers of GET, its length among them, and no body",
    async (path) => {
      const get = await raw(`GET ${path} HTTP/1.1`, ["Host: localhost"]);
      const head = await raw(`HEAD ${path} HTTP/1.1`, ["Host: localhost"]);
      const lengthOf = (text: string) => /^content-length: (\d+)/im.exec(text)?.[1];
      expect([head.status, head.body]).toEqual([get.status, ""]);
      expect(lengthOf(head.text)).toBe(lengthOf(get.text));
      expect(lengthOf(head.text)).toBe(String(Buffer.byteLength(get.body, "latin1")));
      const overHttp2 = await http2(gateway.url, { ":method": "HEAD", ":path": path });
      expect([overHttp2[":status"], overHttp2["content-length"]]).toEqual([
        get.status,
        lengthOf(get.text),
      ]);
    },
  );

  test("of a stream has no length, ends at once, and leaves no subscriber", async () => {
    await makeEmitter("headed");
    for (const path of ["/sse/log/headed", "/time", "/sse/log/headed?after=earliest"]) {
      const { status, body, text } = await raw(`HEAD ${path} HTTP/1.1`, ["Host: localhost"]);
      expect([status, body]).toEqual([200, ""]);
      expect(text.toLowerCase()).not.toContain("content-length");
      const overHttp2 = await http2(gateway.url, { ":method": "HEAD", ":path": path });
      expect([overHttp2[":status"], overHttp2["content-length"]]).toEqual([200, undefined]);
    }
    const { json } = await ask("GET", `${gateway.url}/status`);
    expect(json.hub.subscriptions).toBe(0);
  });
});

/** The answer's headers, over one HTTP/2 connection. */
function http2(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingHttpHeaders & IncomingHttpStatusHeader> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(url);
    session.on("error", reject);
    const stream = session.request(headers, { endStream: true });
    stream.on("error", reject);
    stream.on("response", (answer) => {
      resolve(answer);
      stream.resume();
    });
    stream.on("close", () => session.close());
  });
}
