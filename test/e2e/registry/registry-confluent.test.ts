// Confluent's JavaScript client against a real gateway, as its users work with a registry.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { create, createMutableRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import {
  Compatibility,
  HeaderSchemaIdSerializer,
  ProtobufDeserializer,
  ProtobufSerializer,
  RestError,
  SchemaRegistryClient,
  SerdeType,
} from "@confluentinc/schemaregistry";
import { HealthCheckRequestSchema } from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { StoredRecordSchema } from "../../../src/gen/sluice/v1/consumer_pb.ts";
import { RecordSchema } from "../../../src/gen/sluice/v1/record_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";

let gateway: GatewayProcess;
let client: SchemaRegistryClient;
beforeAll(async () => {
  gateway = await startGateway();
  client = newClient();
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

/** A client with empty caches, so that each answer comes from the gateway. */
function newClient(): SchemaRegistryClient {
  return new SchemaRegistryClient({ baseURLs: [gateway.url], maxRetries: 0 });
}

const watch = `syntax = "proto3";
package acme.v1;

// A measurement of a watch.
message Watch {
  string id = 1;
  int32 bpm = 2;
}
`;
const schema = (text: string) => ({ schemaType: "PROTOBUF", schema: text });

test("registers, looks up, fetches and lists", async () => {
  const registered = await client.registerFullResponse("watch-value", schema(watch));
  expect(registered).toMatchObject({ version: 1, schemaType: "PROTOBUF" });
  const { id = 0, guid = "" } = registered;
  expect(await newClient().register("watch-value", schema(watch))).toBe(id);
  expect(await newClient().getId("watch-value", schema(watch))).toBe(id);
  expect(await newClient().getVersion("watch-value", schema(watch))).toBe(1);
  expect(await newClient().getBySubjectAndId("watch-value", id)).toMatchObject(schema(watch));
  expect(await newClient().getByGuid(guid)).toMatchObject(schema(watch));
  expect(await newClient().getLatestSchemaMetadata("watch-value")).toMatchObject({
    ...{ id, guid, version: 1, subject: "watch-value" },
    ...schema(watch),
  });
  expect(await newClient().getSchemaMetadata("watch-value", 1)).toMatchObject({ id });
  expect(await client.getAllVersions("watch-value")).toEqual([1]);
  expect(await client.getAllSubjects()).toContain("watch-value");
});

test("checks compatibility and changes its level", async () => {
  await client.register("pulse", schema(watch));
  const broken = schema(watch.replace("int32", "string"));
  const wider = schema(watch.replace("}", "  bool worn = 3;\n}"));
  expect(await client.testSubjectCompatibility("pulse", wider)).toBe(true);
  expect(await client.testSubjectCompatibility("pulse", broken)).toBe(false);
  expect(await client.testCompatibility("pulse", 1, broken)).toBe(false);
  await expectError(409, 409, newClient().register("pulse", broken));
  expect(await client.updateCompatibility("pulse", Compatibility.NONE)).toBe(Compatibility.NONE);
  expect(await client.getCompatibility("pulse")).toBe(Compatibility.NONE);
  expect(await newClient().registerFullResponse("pulse", broken)).toMatchObject({ version: 2 });
  expect(await client.getDefaultCompatibility()).toBe(Compatibility.BACKWARD);
  expect(await client.updateDefaultCompatibility(Compatibility.FULL)).toBe(Compatibility.FULL);
  expect(await client.getDefaultConfig()).toEqual({ compatibilityLevel: Compatibility.FULL });
  await client.updateDefaultCompatibility(Compatibility.BACKWARD);
});

test("registers with references, and refuses to delete a referenced schema", async () => {
  await client.register("units", schema('syntax = "proto3"; package acme.v1; message Unit {}'));
  const text =
    'syntax = "proto3";\nimport "acme/unit.proto";\nmessage Reading { acme.v1.Unit unit = 1; }\n';
  const references = [{ name: "acme/unit.proto", subject: "units", version: 1 }];
  const id = await client.register("reading", { ...schema(text), references });
  expect(await newClient().getBySubjectAndId("reading", id)).toMatchObject({ references });
  await expectError(422, 42206, client.deleteSubject("units"));
  await expectError(422, 42201, client.register("lost", schema(text)));
});

test("the text of a schema that was sent as descriptors is the same schema, with floats in it as well", async () => {
  const file = create(FileDescriptorProtoSchema, {
    name: "h.proto",
    package: "h",
    syntax: "proto2",
    messageType: [
      {
        name: "M",
        // As protoc writes it.
        field: [
          { name: "f", number: 1, type: Type.FLOAT, label: Label.OPTIONAL, defaultValue: "0.1" },
        ],
      },
    ],
  });
  const sent = toBinary(FileDescriptorProtoSchema, file).toBase64();
  const first = await newClient().registerFullResponse("floats", schema(sent));
  const text = (await newClient().getSchemaMetadata("floats", 1)).schema ?? "";
  expect(text).toContain("optional float f = 1 [default = 0.1];");
  expect(await newClient().registerFullResponse("floats", schema(text))).toMatchObject({
    id: first.id,
    version: 1,
  });
});

test("deletes softly, then permanently", async () => {
  await client.register("gone", schema(watch));
  await expectError(404, 40407, client.deleteSubjectVersion("gone", 1, true));
  expect(await client.deleteSubjectVersion("gone", 1)).toBe(1);
  await expectError(404, 40401, newClient().getLatestSchemaMetadata("gone"));
  expect(await newClient().getSchemaMetadata("gone", 1, true)).toMatchObject({ version: 1 });
  expect(await client.deleteSubject("gone", true)).toEqual([1]);
  await expectError(404, 40401, client.getAllVersions("gone"));
});

test("gets the error codes of Confluent's documentation", async () => {
  await expectError(404, 40401, newClient().getLatestSchemaMetadata("nobody"));
  await client.register("errors", schema(watch));
  await expectError(404, 40402, newClient().getSchemaMetadata("errors", 7));
  await expectError(404, 40403, newClient().getBySubjectAndId("errors", 9999));
  await expectError(404, 40403, newClient().getId("errors", schema(watch.replace("bpm", "rate"))));
  await expectError(422, 42201, client.register("errors", schema("message")));
  await expectError(422, 42201, client.register("errors", { schema: '"string"' }));
  await expectError(422, 42201, client.register("errors", { schemaType: "JSON", schema: "{}" }));
  await expectError(404, 40408, client.getCompatibility("errors"));
});

const record = create(RecordSchema, {
  value: new TextEncoder().encode("pulse 61"),
  headers: { unit: new Uint8Array([1]) },
});

test("round-trips a message of generated code, its schema registered on the way", async () => {
  const payload = await serializer(RecordSchema, { autoRegisterSchemas: true }).serialize(
    "records",
    record,
  );
  expect(payload[0]).toBe(0);
  const id = payload.readUInt32BE(1);
  expect(await newClient().getAllVersions("records-value")).toEqual([1]);
  expect(await deserializer().deserialize("records", payload)).toEqual(record);
  // The gateway serves it as text and as a descriptor set.
  expect((await newClient().getBySubjectAndId("records-value", id)).schema).toContain(
    "map<string, bytes> headers = 6;",
  );
  const set = await fetch(`${gateway.url}/v1/schemas/${id}`);
  expect(set.headers.get("sluice-schema-file")).toBe("sluice/v1/record.proto");
});

test("round-trips a message whose schema refers to another, and finds the schema without registering it", async () => {
  const stored = create(StoredRecordSchema, { record, position: "p", receivedNs: 7n });
  const payload = await serializer(StoredRecordSchema, { autoRegisterSchemas: true }).serialize(
    "stored",
    stored,
  );
  expect(await deserializer().deserialize("stored", payload)).toEqual(stored);
  expect(await client.getAllSubjects()).toContain("sluice/v1/record.proto");
  const again = await serializer(StoredRecordSchema, { autoRegisterSchemas: false }).serialize(
    "stored",
    stored,
  );
  expect(again).toEqual(payload);
});

test("round-trips with the newest version, registered as text, and with the GUID in a header", async () => {
  const text =
    'syntax = "proto3";\npackage grpc.health.v1;\nmessage HealthCheckRequest { string service = 1; }\n';
  const id = await client.register("health-value", schema(text));
  const asked = create(HealthCheckRequestSchema, { service: "all" });
  const latest = serializer(HealthCheckRequestSchema, {
    ...{ autoRegisterSchemas: false, useLatestVersion: true },
  });
  const payload = await latest.serialize("health", asked);
  expect(payload.readUInt32BE(1)).toBe(id);
  expect(await deserializer().deserialize("health", payload)).toEqual(asked);

  const headers = {};
  const bare = await serializer(HealthCheckRequestSchema, {
    ...{ autoRegisterSchemas: false, useLatestVersion: true },
    schemaIdSerializer: HeaderSchemaIdSerializer,
  }).serialize("health", asked, headers);
  expect(bare).toEqual(payload.subarray(6));
  expect(await deserializer().deserialize("health", bare, headers)).toEqual(asked);
});

function serializer(
  message: DescMessage,
  options: ConstructorParameters<typeof ProtobufSerializer>[2],
): ProtobufSerializer {
  const registry = createMutableRegistry(message);
  return new ProtobufSerializer(newClient(), SerdeType.VALUE, { ...options, registry });
}

function deserializer(): ProtobufDeserializer {
  return new ProtobufDeserializer(newClient(), SerdeType.VALUE, {});
}

async function expectError(status: number, code: number, work: Promise<unknown>): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RestError)) throw new Error(`Expected ${code}, got ${String(error)}`);
  expect([error.status, error.errorCode]).toEqual([status, code]);
}
