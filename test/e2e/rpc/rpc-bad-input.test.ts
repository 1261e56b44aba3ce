/** Malformed RPC requests: each gets a clear status, and the gateway keeps serving. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { createClient } from "@connectrpc/connect";
import { Health } from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, exchange } from "../../support/http.ts";
import { seededRandom } from "../../support/random.ts";
import { within } from "../../support/until.ts";
import { endOf, ways } from "./rpc.ts";

const mega = 1024 * 1024;
const check = "/grpc.health.v1.Health/Check";
const subscribe = "/sluice.v1.ConsumerService/Subscribe";
const answerMsMax = 5000;

let gateway: GatewayProcess;
let session: ClientHttp2Session;

beforeAll(async () => {
  gateway = await startGateway();
  session = connect(gateway.grpcUrl);
}, 60_000);

afterAll(async () => {
  session.destroy();
  // A caller's mistake is not a failure of the gateway.
  expect(gateway.log()).not.toContain("call failed");
  expect(await gateway.stop()).toBe(0);
});

describe.each(Object.entries(ways))("%s", (_name, transport) => {
  test("a message of 10 MB is refused, one of 4 MB is not", async () => {
    const client = createClient(Health, transport(gateway));
    expect(await endOf(client.check({ service: "x".repeat(4 * mega) }))).toMatchObject({
      code: "NotFound",
    });
    expect(await endOf(client.check({ service: "x".repeat(10 * mega) }))).toMatchObject({
      code: "ResourceExhausted",
    });
  });
});

interface Reply {
  readonly status: number | undefined;
  readonly grpcStatus: string | undefined;
  readonly message: string;
  readonly text: string;
}

/** A call on the RPC port, byte by byte. */
function call(
  path: string,
  contentType: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": contentType,
    te: "trailers",
    ...headers,
  });
  return within(
    `an answer of ${path}`,
    answerMsMax,
    new Promise((resolve) => {
      let status: number | undefined;
      let grpcStatus: string | undefined;
      let message = "";
      let text = "";
      const readHeaders = (all: IncomingHttpHeaders) => {
        const [given, why] = [all["grpc-status"], all["grpc-message"]];
        if (typeof given === "string") grpcStatus = given;
        if (typeof why === "string") message = why;
      };
      stream.on("response", (all) => {
        status = all[":status"];
        readHeaders(all);
      });
      stream.on("trailers", readHeaders);
      stream.on("data", (data: Buffer) => (text += data.toString("latin1")));
      // A reset also ends the stream; the headers and trailers before it are what counts.
      stream.on("error", () => {});
      stream.on("close", () => resolve({ status, grpcStatus, message, text }));
      stream.end(body);
    }),
  );
}

function frame(bytes: Uint8Array, flags = 0): Uint8Array {
  const framed = new Uint8Array(5 + bytes.byteLength);
  framed[0] = flags;
  new DataView(framed.buffer).setUint32(1, bytes.byteLength);
  framed.set(bytes, 5);
  return framed;
}

const internal = "13";
const invalidArgument = "3";
const resourceExhausted = "8";
const unimplemented = "12";

describe("frames of gRPC", () => {
  for (const [name, body, expected] of [
    ["none", new Uint8Array(0), unimplemented],
    ["half a prefix", new Uint8Array([0, 0]), invalidArgument],
    ["less than the prefix says", new Uint8Array([0, 0, 0, 0, 9, 1]), invalidArgument],
    ["a length of 4 GiB", new Uint8Array([0, 255, 255, 255, 255, 1]), resourceExhausted],
    [
      "two messages where one is expected",
      Buffer.concat([frame(new Uint8Array(0)), frame(new Uint8Array(0))]),
      unimplemented,
    ],
    ["a message that does not decode", frame(new Uint8Array([0xff, 0xff])), invalidArgument],
    ["compressed without a compression", frame(gzipSync("x"), 1), internal],
  ] as const) {
    test(name, async () => {
      const { status, grpcStatus, message } = await call(check, "application/grpc", body);
      expect({ status, grpcStatus }).toEqual({ status: 200, grpcStatus: expected });
      expect(message).not.toBe("");
    });
  }

  test("gzip that is not gzip", async () => {
    const { grpcStatus } = await call(check, "application/grpc", frame(Buffer.from("nope"), 1), {
      "grpc-encoding": "gzip",
    });
    expect([invalidArgument, internal]).toContain(grpcStatus ?? "");
  });

  test("an unknown compression", async () => {
    const { grpcStatus, message } = await call(
      check,
      "application/grpc",
      frame(new Uint8Array(0)),
      {
        "grpc-encoding": "lzma",
      },
    );
    expect(grpcStatus).toBe(unimplemented);
    expect(message).toContain("gzip");
  });

  test("200 MB compressed to 200 KB are refused before they are decompressed", async () => {
    const bomb = gzipSync(new Uint8Array(200 * mega));
    const before = await memoryBytes();
    const calls = Array.from({ length: 5 }, () =>
      call(check, "application/grpc", frame(bomb, 1), { "grpc-encoding": "gzip" }),
    );
    const statuses = (await Promise.all(calls)).map(({ grpcStatus }) => grpcStatus);
    expect(statuses).toEqual(statuses.map(() => resourceExhausted));
    expect(((await memoryBytes()) - before) / mega).toBeLessThan(200);
  });

  test("a deadline that is not a number", async () => {
    const { grpcStatus, message } = await call(
      check,
      "application/grpc",
      frame(new Uint8Array(0)),
      {
        "grpc-timeout": "soon",
      },
    );
    expect(grpcStatus).toBe(invalidArgument);
    expect(message).toContain("soon");
  });
});

async function memoryBytes(): Promise<number> {
  return (await ask("GET", `${gateway.url}/status`)).json.memory_bytes;
}

describe("Connect over HTTP/1.1", () => {
  for (const [name, headers, body, status, text] of [
    [
      "JSON that does not parse",
      { "content-type": "application/json" },
      "{",
      400,
      `"code":"invalid_argument"`,
    ],
    [
      "a field of another type",
      { "content-type": "application/json" },
      `{"service":1}`,
      400,
      "service",
    ],
    ["a content type without a codec", { "content-type": "text/plain" }, "{}", 415, ""],
    [
      "gzip that is not gzip",
      { "content-type": "application/json", "content-encoding": "gzip" },
      "{}",
      400,
      "invalid_argument",
    ],
    [
      "an unknown compression",
      { "content-type": "application/json", "content-encoding": "lzma" },
      "{}",
      501,
      "gzip",
    ],
    [
      "a deadline that is not a number",
      { "content-type": "application/json", "connect-timeout-ms": "soon" },
      "{}",
      400,
      "soon",
    ],
    [
      "a deadline past the largest date",
      { "content-type": "application/json", "connect-timeout-ms": "9999999999" },
      "{}",
      400,
      "9999999999",
    ],
  ] as const) {
    test(name, async () => {
      const answer = await ask("POST", `${gateway.url}${check}`, {
        headers,
        body,
        msMax: answerMsMax,
      });
      expect({ status: answer.status, text: answer.text }).toEqual({
        status,
        text: expect.stringContaining(text),
      });
    });
  }

  test("a method that it does not have", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      expect((await ask(method, `${gateway.url}${check}`)).status).toBe(405);
    }
  });

  test("a body that ends too early", async () => {
    const { text } = await exchange(gateway.url, [
      `POST ${check} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\nconnection: close\r\n\r\n{"a`,
    ]);
    expect(text).not.toContain("HTTP/1.1 200");
    expect((await ask("GET", `${gateway.url}/livez`)).status).toBe(200);
  });
});

test("bytes that are not HTTP/2 on the RPC port", async () => {
  for (const bytes of [
    "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "\0".repeat(64),
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(64)}`,
  ]) {
    const { text } = await exchange(gateway.grpcUrl, [Buffer.from(bytes, "latin1")]);
    expect(text).not.toContain("200");
  }
  expect((await call(check, "application/grpc", frame(new Uint8Array(0)))).grpcStatus).toBe("0");
});

test("random bytes for every codec each get an answer, and no internal error", async () => {
  const random = seededRandom(4);
  const types = [
    "application/grpc",
    "application/grpc-web",
    "application/grpc+json",
    "application/connect+proto",
    "application/connect+json",
    "application/proto",
    "application/json",
  ];
  for (let i = 0; i < 400; i++) {
    const bytes = Uint8Array.from({ length: random.int(40) }, () => random.int(256));
    const body = random.int(2) === 0 ? bytes : frame(bytes, random.int(4));
    const type = types[i % types.length] ?? "";
    const path = random.int(2) === 0 ? check : subscribe;
    const { status } = await call(path, type, body, i % 3 === 0 ? { "grpc-encoding": "gzip" } : {});
    // gRPC reports INTERNAL for bytes that do not decode, which is status 500 in Connect.
    const undecodable = type === "application/proto" && status === 500;
    const answered = undecodable || [200, 400, 404, 415, 429, 501].includes(status ?? 0);
    expect({ type, path, body: [...body], status, answered }).toMatchObject({ answered: true });
  }
});
