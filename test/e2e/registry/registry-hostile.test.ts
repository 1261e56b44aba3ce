// Hostile schemas and requests: each is refused clearly in bounded time, and the gateway keeps serving.

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type RegisterRequest, RegistryService } from "../../../src/gen/sluice/v1/registry_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";

let gateway: GatewayProcess;
let registry: Client<typeof RegistryService>;
beforeAll(async () => {
  gateway = await startGateway();
  registry = createClient(RegistryService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
}, 90_000);
afterEach(async () => {
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
});
afterAll(async () => {
  expect(await (await fetch(`${gateway.url}/subjects`)).json()).toEqual(["large"]);
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

/** Far more than any refusal takes, and less than the timeout of a caller. */
const msMax = 15_000;

type Schema = RegisterRequest["schema"];
type Files = Parameters<typeof create<typeof FileDescriptorSetSchema>>[1];

function text(own: string, imports: Record<string, string> = {}): Schema {
  const value = { text: own, imports };
  return { case: "protoText", value: { $typeName: "sluice.v1.ProtoText", ...value } };
}

function set(files: NonNullable<Files>["file"]): Schema {
  const message = create(FileDescriptorSetSchema, { file: files ?? [] });
  return { case: "fileDescriptorSet", value: toBinary(FileDescriptorSetSchema, message) };
}

function bytes(...value: number[]): Schema {
  return { case: "fileDescriptorSet", value: new Uint8Array(value) };
}

const file = (name: string, rest: object) =>
  create(FileDescriptorProtoSchema, { name, syntax: "proto3", ...rest });
const lost = (name: string, typeName: string) => ({
  ...{ name, number: 1, typeName, type: Type.MESSAGE, label: Label.OPTIONAL },
});

const invalid: Readonly<Record<string, { readonly schema: Schema; readonly says: RegExp }>> = {
  nothing: { schema: { case: undefined }, says: /it is missing/ },
  "an empty set": { schema: bytes(), says: /it has no file/ },
  "bytes that are no set": { schema: bytes(0xff, 0xff, 0xff), says: /Cannot read/ },
  "a length that lies": { schema: bytes(0x0a, 0xff, 0xff, 0xff, 0x7f), says: /Cannot read/ },
  "a set whose imports are a circle": {
    schema: set([
      file("a.proto", { dependency: ["b.proto"] }),
      file("b.proto", { dependency: ["a.proto"] }),
    ]),
    says: /imports itself/,
  },
  "a set with an import of nothing": {
    schema: set([file("a.proto", { dependency: ["b.proto", "c.proto"] })]),
    says: /"b.proto".*\(and 1 more\)/,
  },
  "a set with names of nothing": {
    schema: set([
      file("a.proto", {
        messageType: [
          { name: "A", field: [lost("a", ".Lost")] },
          { name: "B", field: [lost("b", ".Gone")] },
        ],
      }),
    ]),
    says: /Lost.*\(and 1 more\)/,
  },
  "a text of other things": { schema: text("SELECT 1"), says: /schema: 1:1: / },
  "a text with NUL": { schema: text('syntax = "proto3"; // \0'), says: /NUL/ },
  "texts that import each other": {
    schema: text('syntax = "proto3"; import "b.proto";', {
      "b.proto": 'syntax = "proto3"; import "schema.proto";',
    }),
    says: /cyclic/,
  },
  "a text that nests without end": {
    schema: text("message M{".repeat(20_000)),
    says: /Cannot compile/,
  },
  "an import at a path outside": {
    schema: text('syntax = "proto3";', { "../../etc/x.proto": "" }),
    says: /expected a relative one/,
  },
  "a text of ten thousand errors": {
    schema: text(`syntax = "proto3";\n${"message A { B b = 1; }\n".repeat(10_000)}`),
    says: /more\)/,
  },
};

for (const [what, { schema, says }] of Object.entries(invalid)) {
  test(`refuses ${what}`, async () => {
    const error = await refusal({ subject: "hostile", schema });
    expect([error.code, error.rawMessage.length < 2000]).toEqual([Code.InvalidArgument, true]);
    expect(error.rawMessage).toMatch(says);
  });
}

test("names with NUL are names of nothing, in every list and look-up", async () => {
  const answer = async (path: string) => {
    const response = await fetch(`${gateway.url}${path}`);
    return [response.status, (await response.text()).trim()];
  };
  expect(await answer("/subjects?subjectPrefix=a%00b")).toEqual([200, "[]"]);
  expect(await answer("/schemas?subjectPrefix=a%00b")).toEqual([200, "[]"]);
  expect((await answer("/v1/schemas/by-name/a%00b"))[0]).toBe(404);
  expect(await registry.listSubjects({ prefix: "a\0b" })).toMatchObject({ subjects: [] });
  const error = await registry
    .getDescriptorSet({ schema: { case: "fullName", value: "a\0b" } })
    .catch((reason: unknown) => ConnectError.from(reason));
  expect(error).toMatchObject({ code: Code.NotFound });
});

test("ids and versions of 2^31 and more, and settings of a name with NUL, are no fault of the gateway", async () => {
  const outcomes = async (calls: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(calls)).map((call) =>
      call.status === "rejected" ? Code[ConnectError.from(call.reason).code] : "OK",
    );
  const past = 2 ** 32 - 1;
  const subjectVersion = { subject: "large", version: past };
  const schema = text('syntax = "proto3"; message M {}');
  const references = [{ name: "a.proto", ...subjectVersion }];
  expect(
    await outcomes([
      registry.getDescriptorSet({ schema: { case: "id", value: past } }),
      registry.getDescriptorSet({ schema: { case: "subjectVersion", value: subjectVersion } }),
      registry.checkCompatibility({ ...subjectVersion, schema }),
      registry.register({ subject: "past", schema, references, dryRun: true }),
      registry.deleteVersion(subjectVersion),
    ]),
  ).toEqual(Array.from({ length: 5 }, () => "NotFound"));
  expect(await outcomes([registry.getConfig({ subject: "a\0b" })])).toEqual(["InvalidArgument"]);
});

test("a text with half of a surrogate pair is refused, not stored as another text", async () => {
  const response = await fetch(`${gateway.url}/subjects/hostile/versions`, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: '{"schemaType":"PROTOBUF","schema":"syntax = \\"proto3\\"; // \\ud800"}',
  });
  expect(response.status).toBe(422);
  expect(await response.text()).toContain("half of a surrogate pair");
});

const large: Readonly<Record<string, Schema>> = {
  "a text of 1 MiB": text(`syntax = "proto3"; // ${"x".repeat(1024 * 1024)}`),
  "an enum of forty thousand values": text(
    `syntax = "proto3"; enum E {${Array.from({ length: 40_000 }, (_, n) => `V${n}=${n};`).join("")}}`,
  ),
  "a text that nests ninety thousand levels": text("message M{".repeat(90_000)),
  "twelve thousand messages": text(
    `syntax = "proto3"; ${Array.from({ length: 12_000 }, (_, n) => `message M${n}{int32 a=1;}`).join("")}`,
  ),
  "five hundred and one files": text(
    'syntax = "proto3";',
    Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`f${n}.proto`, ""])),
  ),
};

for (const [what, schema] of Object.entries(large)) {
  test(`refuses ${what}`, async () => {
    const error = await refusal({ subject: "hostile", schema });
    expect([error.code, error.rawMessage]).toEqual([
      Code.ResourceExhausted,
      expect.stringContaining("at most"),
    ]);
  });
}

test("takes ten thousand messages, as text and as descriptors", async () => {
  const messages = Array.from({ length: 10_000 }, (_, n) => `message M${n} { M${n} m = 1; }`);
  const startedMs = performance.now();
  const { schema } = await registry.register({
    subject: "large",
    schema: text(`syntax = "proto3";\n${messages.join("\n")}`),
  });
  expect(schema?.messages).toHaveLength(10_000);
  const request = { case: "id" as const, value: schema?.id ?? 0 };
  const { fileDescriptorSet } = await registry.getDescriptorSet({ schema: request });
  const again = await registry.register({
    subject: "large",
    schema: { case: "fileDescriptorSet", value: fileDescriptorSet },
  });
  expect(again).toMatchObject({ existed: true, schema: { id: schema?.id } });
  expect(performance.now() - startedMs).toBeLessThan(msMax);
});

const subjects = ["", "x".repeat(256), "a\nb", "a\0b", ":.other:a", "__GLOBAL"];

test("refuses invalid names of subjects", async () => {
  for (const subject of subjects) {
    const error = await refusal({ subject, schema: text('syntax = "proto3";') });
    expect([subject, error.code]).toEqual([subject, Code.InvalidArgument]);
    expect(error.rawMessage).toStartWith("Cannot use subject");
  }
});

test("refuses malformed bodies of the Confluent API", async () => {
  for (const [body, status, says] of [
    ["", 400, "JSON"],
    ["{", 400, "JSON"],
    ["[]", 400, "expected an object"],
    ['{"schema":1,"schemaType":"PROTOBUF"}', 400, "/schema"],
    ['{"schema":"","schemaType":"AVRO"}', 422, "PROTOBUF"],
    ['{"schema":"AAAA","schemaType":"PROTOBUF"}', 422, "Cannot read"],
    ['{"schema":"x","schemaType":"PROTOBUF","ruleSet":{}}', 422, "ruleSet"],
    ['{"schema":"x","schemaType":"PROTOBUF","id":7}', 422, "IMPORT"],
    [`{"schema":"${"x ".repeat(600_000)}","schemaType":"PROTOBUF"}`, 413, "at most"],
    [" ".repeat(9 * 1024 * 1024), 413, "larger than"],
  ] as const) {
    const response = await fetch(`${gateway.url}/subjects/hostile/versions`, {
      ...{ method: "POST", body },
      headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    });
    const answer = await response.json();
    expect([body.slice(0, 60), response.status]).toEqual([body.slice(0, 60), status]);
    expect(answer.message).toContain(says);
    expect(String(answer.error_code)).toStartWith(String(status));
  }
});

async function refusal(request: {
  readonly subject: string;
  readonly schema: Schema;
}): Promise<ConnectError> {
  const startedMs = performance.now();
  try {
    await registry.register(request);
  } catch (error) {
    expect(performance.now() - startedMs).toBeLessThan(msMax);
    return ConnectError.from(error);
  }
  throw new Error("It was registered");
}
