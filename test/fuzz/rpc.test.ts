// Every method of every service that the gateway's reflection names, over every protocol, with
// messages as they should be and as they should not. No call is a fault of the gateway, each ends by
// its deadline, and the gateway keeps answering.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ClientHttp2Session, connect } from "node:http2";
import { gzipSync } from "node:zlib";
import {
  createFileRegistry,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ServerReflection } from "../../src/gen/grpc/reflection/v1/reflection_pb.ts";
import { framed } from "../e2e/rpc/grpc.ts";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { ask, post } from "../support/http.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";
import { type Call, callHttp1, callHttp2, type Ending } from "./rpc-calls.ts";
import { type Known, messageBytes, unknownFields, wrongFields } from "./rpc-messages.ts";

const gateway: GatewayProcess = await startGateway();
const { registry, methods } = await reflect();
let session: ClientHttp2Session;

const proto = 'syntax = "proto3";\npackage fuzz;\nmessage Fuzz { string id = 1; }\n';
const known: Known = {
  texts: [
    ...[
      "orders",
      "fuzz",
      "fuzz.Fuzz",
      "fuzz.proto",
      "",
      "\0",
      "a\0b",
      "latest",
      "application/json",
    ],
    ...["sluice.v1.CollectorService", "grpc.health.v1.Health", "record.proto", proto],
  ],
  bytes: [new TextEncoder().encode(proto), new TextEncoder().encode('{"id":"a"}'), Buffer.alloc(0)],
};

/** Time that a call which does not end on its own gives itself. */
const deadlineMs = 250;
/** Past it a call hangs. */
const hangMs = 10_000;

beforeAll(async () => {
  session = connect(gateway.grpcUrl);
  await ask("PUT", `${gateway.url}/v1/topics/orders`, {
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const registered = await post(`${gateway.url}/subjects/fuzz/versions`, {
    schemaType: "PROTOBUF",
    schema: proto,
  });
  expect(registered.status).toBe(200);
}, 60_000);

afterAll(async () => {
  session.destroy();
  expect(await gateway.stop()).toBe(0);
}, 60_000);

async function reflect() {
  const client = createClient(ServerReflection, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
  const names: string[] = [];
  const list = { messageRequest: { case: "listServices" as const, value: "" } };
  for await (const { messageResponse } of client.serverReflectionInfo(once(list))) {
    if (messageResponse.case !== "listServicesResponse") throw new Error("No list of services");
    names.push(...messageResponse.value.service.map(({ name }) => name));
  }
  const files = new Map<string, Uint8Array>();
  for (const value of names) {
    const query = { messageRequest: { case: "fileContainingSymbol" as const, value } };
    for await (const { messageResponse } of client.serverReflectionInfo(once(query))) {
      if (messageResponse.case !== "fileDescriptorResponse") throw new Error(`No file of ${value}`);
      for (const bytes of messageResponse.value.fileDescriptorProto) {
        files.set(fromBinary(FileDescriptorProtoSchema, bytes).name, bytes);
      }
    }
  }
  const file = [...files.values()].map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const all: FileRegistry = createFileRegistry({
    $typeName: FileDescriptorSetSchema.typeName,
    file,
  });
  const found = names.flatMap((name) => all.getService(name)?.methods ?? []);
  return { registry: all, methods: found };
}

async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
}

test("reflection names the methods to fuzz", () => {
  expect(methods.length).toBeGreaterThan(15);
});

const protocols = [
  "grpc",
  "grpc-web",
  "connect proto",
  "connect json",
  "grpc-web HTTP/1.1",
  "connect proto HTTP/1.1",
  "connect json HTTP/1.1",
] as const;
type Protocol = (typeof protocols)[number];

interface Generated extends Call {
  readonly protocol: Protocol;
  /** Whether every message decodes and every frame is whole. */
  readonly isWhole: boolean;
}

const callsAtOnce = 6;

for (const method of methods) {
  const path = `/${method.parent.typeName}/${method.name}`;
  fuzz(
    `${path} is never a fault of the gateway, and ends by its deadline`,
    { cases: 12 },
    async (random) => {
      const calls = Array.from({ length: callsAtOnce }, () => generate(random, method, path));
      const endings = await Promise.all(calls.map(send));
      for (const [index, call] of calls.entries()) {
        const ending = endings[index];
        if (ending !== undefined && isRight(call, ending)) continue;
        const body = Buffer.from(call.body).toString("base64");
        throw new Error(
          `${path} ended with ${JSON.stringify({ ...ending, code: Code[ending?.code ?? 0] })}: ${JSON.stringify({ ...call, body })}`,
        );
      }
      expect((await ask("GET", `${gateway.url}/livez`)).status).toBe(200);
      expect(gateway.errors()).toEqual([]);
    },
  );
}

function send(call: Generated): Promise<Ending> {
  return call.protocol.endsWith("HTTP/1.1")
    ? callHttp1(gateway.url, call, hangMs)
    : callHttp2(session, call, hangMs);
}

/**
 * What the protocols demand for a client that is broken: gRPC reports INTERNAL for a message that does
 * not decode or decompress, and for a compressed one of a call that names no compression. These are status 500 in
 * Connect.
 */
const brokenClient = [
  /^parse binary: /,
  /^Cannot read a compressed message: the call names no compression$/,
  /^received compressed envelope, but do not know how to decompress$/,
  /^decompression failed$/,
];

const internal: number = Code.Internal;
const unknown: number = Code.Unknown;

function isRight({ isWhole }: Generated, { status, code, message }: Ending): boolean {
  if (code === internal || code === unknown) {
    return !isWhole && code === internal && brokenClient.some((one) => one.test(message));
  }
  if (code !== undefined) return true;
  // Refused before the protocol's own answers: a content type, a body that is not HTTP's.
  return !isWhole && status !== undefined && status >= 400 && status < 500;
}

function generate(random: FuzzRandom, method: DescMethod, path: string): Generated {
  const protocol = random.pick(protocols);
  const isJson = protocol.includes("json");
  const isFramed = !protocol.startsWith("connect") || method.methodKind !== "unary";
  const isOneMessage = !isFramed || method.methodKind === "unary";
  const count = isOneMessage || method.methodKind === "server_streaming" ? 1 : random.int(4);
  const isWhole = random.chance(0.4);
  const messages = Array.from({ length: count }, () =>
    isWhole ? wholeMessage(random, method, isJson) : wrongMessage(random, method, isJson),
  );
  const headers: Record<string, string> = { "content-type": contentTypeOf(protocol, isFramed) };
  const timeout = method.methodKind === "unary" && random.chance(0.8) ? undefined : deadlineMs;
  if (timeout !== undefined) {
    if (protocol.startsWith("connect")) headers["connect-timeout-ms"] = String(timeout);
    else headers["grpc-timeout"] = `${timeout}m`;
  }
  if (protocol.startsWith("connect")) headers["connect-protocol-version"] = "1";
  if (!isFramed) return { protocol, path, headers, isWhole, body: messages[0] ?? new Uint8Array() };
  const isGzip = random.chance(0.2);
  if (isGzip) {
    const name = protocol.startsWith("connect") ? "connect-content-encoding" : "grpc-encoding";
    headers[name] = "gzip";
  }
  const body = Buffer.concat(
    messages.map((message) => {
      if (isGzip && random.chance(0.5)) return framed(gzipSync(message), 1);
      if (isWhole) return framed(message);
      const flags = random.pick([0, 0, 0, 1, 2, 0x80, 255]);
      const length = random.pick([0, 1, 2 ** 24, 2 ** 32 - 1]);
      return random.chance(0.3) ? framed(message, flags, length) : framed(message, flags);
    }),
  );
  const sent = !isWhole && random.chance(0.2) ? damaged(random, body) : Uint8Array.from(body);
  return { protocol, path, headers, isWhole, body: sent };
}

function contentTypeOf(protocol: Protocol, isFramed: boolean): string {
  if (protocol.startsWith("grpc-web")) return "application/grpc-web+proto";
  if (protocol === "grpc") return "application/grpc";
  const codec = protocol.includes("json") ? "json" : "proto";
  return isFramed ? `application/connect+${codec}` : `application/${codec}`;
}

function wholeMessage(
  random: FuzzRandom,
  { input }: DescMethod,
  isJson: boolean,
): Uint8Array<ArrayBuffer> {
  const bytes = messageBytes(random, input, known);
  if (isJson) {
    return new TextEncoder().encode(toJsonString(input, fromBinary(input, bytes), { registry }));
  }
  if (random.chance(0.2)) return Uint8Array.from([...bytes, ...unknownFields(random)]);
  return bytes;
}

function wrongMessage(
  random: FuzzRandom,
  method: DescMethod,
  isJson: boolean,
): Uint8Array<ArrayBuffer> {
  const kind = random.int(4);
  if (kind === 0) return random.bytes(60);
  if (kind === 1 && !isJson) return wrongFields(random, method.input);
  const whole = wholeMessage(random, method, isJson);
  return kind === 2 ? whole.slice(0, random.int(whole.byteLength + 1)) : damaged(random, whole);
}
