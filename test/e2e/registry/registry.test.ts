// The registry through its native endpoints: RPC over each protocol, and descriptor sets over HTTP.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BadRequestSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import {
  ChangeKind,
  Compatibility,
  RegistryService,
  type WatchResponse,
} from "../../../src/gen/sluice/v1/registry_pb.ts";
import { denoBinary } from "../../support/deno.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { compileProtos } from "../../support/protos.ts";
import { ways } from "../rpc/rpc.ts";

const denoEntry = join(import.meta.dir, "../../../src/deno.ts");

let gateway: GatewayProcess;
let registry: Client<typeof RegistryService>;
beforeAll(async () => {
  gateway = await startGateway();
  registry = createClient(RegistryService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

const watch = 'syntax = "proto3"; package acme.v1; message Watch { string id = 1; int32 bpm = 2; }';
const wider = watch.replace("}", "bool worn = 3; }");
const broken = watch.replace("int32", "string");
const text = (schema: string, imports: Record<string, string> = {}) => ({
  case: "protoText" as const,
  value: { text: schema, imports },
});

describe("register, then fetch the descriptor set that decodes", () => {
  for (const [name, way] of Object.entries(ways)) {
    test(name, async () => {
      const client = createClient(RegistryService, way(gateway));
      const subject = `by ${name}`;
      const { schema } = await client.register({ subject, schema: text(watch) });
      expect(schema).toMatchObject({ subject, version: 1, messages: ["acme.v1.Watch"] });
      const id = schema?.id ?? 0;
      for (const request of [
        { case: "id" as const, value: id },
        { case: "fullName" as const, value: "acme.v1.Watch" },
        { case: "subjectVersion" as const, value: { subject, version: 0 } },
      ]) {
        const { fileDescriptorSet } = await client.getDescriptorSet({ schema: request });
        const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
        expect(files.getMessage("acme.v1.Watch")?.fields.map((field) => field.name)).toEqual([
          "id",
          "bpm",
        ]);
      }
      const { versions } = await client.listVersions({ subject });
      expect(versions.map(({ version }) => version)).toEqual([1]);
    });
  }
});

test("text with its imports and the descriptor set of a compiler are the same schema", async () => {
  const own = `syntax = "proto3"; package shop; import "acme/watch.proto"; import "google/protobuf/timestamp.proto";
    message Sale { acme.v1.Watch watch = 1; google.protobuf.Timestamp at = 2; }`;
  const imports = { "acme/watch.proto": watch };
  const sent = await registry.register({
    ...{ subject: "sale", file: "shop/sale.proto" },
    schema: text(own, imports),
  });
  expect(sent.schema?.file).toBe("shop/sale.proto");
  const set = await compileProtos({ "shop/sale.proto": own, ...imports });
  const again = await registry.register({
    subject: "sale",
    schema: { case: "fileDescriptorSet", value: set },
  });
  expect(again).toMatchObject({ existed: true, schema: { id: sent.schema?.id, version: 1 } });

  // `protoc` leaves imports out by default: they come by reference, or are built in.
  const { file } = fromBinary(FileDescriptorSetSchema, set);
  const alone = { file: file.filter((one) => one.name === "shop/sale.proto") };
  const bare = toBinary(FileDescriptorSetSchema, {
    ...alone,
    $typeName: "google.protobuf.FileDescriptorSet",
  });
  await registry.register({ subject: "watch", schema: text(watch), file: "any.proto" });
  const referring = await registry.register({
    subject: "sale",
    schema: { case: "fileDescriptorSet", value: bare },
    references: [{ name: "acme/watch.proto", subject: "watch", version: 0 }],
  });
  expect(referring).toMatchObject({ existed: true, schema: { id: sent.schema?.id } });
});

test("every unresolved name is reported with its place in the text", async () => {
  const error = await refusal(
    registry.register({
      subject: "wrong",
      schema: text(
        'syntax = "proto3";\nimport "nowhere.proto";\nmessage A { Lost a = 1; Gone b = 2; }\n',
      ),
    }),
  );
  expect(error.code).toBe(Code.InvalidArgument);
  const fields = error
    .findDetails(BadRequestSchema)
    .flatMap((detail) => detail.fieldViolations.map(({ field }) => field));
  expect(fields).toEqual(["2:1", "3:13", "3:25"]);
});

test("an incompatible schema is refused with every reason; a dry run stores nothing", async () => {
  const subject = "pulse";
  await registry.register({ subject, schema: text(watch) });
  const verdict = await registry.checkCompatibility({ subject, schema: text(broken) });
  expect(verdict).toMatchObject({
    compatible: false,
    compatibility: Compatibility.BACKWARD,
    incompatibilities: [{ code: "FIELD_SCALAR_KIND_CHANGED", path: "#/Watch/2" }],
  });
  const error = await refusal(registry.register({ subject, schema: text(broken) }));
  expect(error.code).toBe(Code.FailedPrecondition);
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toHaveLength(1);

  const dry = await registry.register({ subject, schema: text(wider), dryRun: true });
  expect(dry).toMatchObject({ existed: false, schema: { id: 0, version: 0 } });
  expect((await registry.listVersions({ subject })).versions).toHaveLength(1);
  await registry.setConfig({ subject, compatibility: Compatibility.NONE });
  expect(await registry.getConfig({ subject })).toMatchObject({
    ...{ compatibility: Compatibility.NONE, own: true },
  });
  await registry.register({ subject, schema: text(broken) });
  await registry.setConfig({ subject, compatibility: Compatibility.UNSPECIFIED });
  expect(await registry.getConfig({ subject })).toMatchObject({ own: false });
});

test("a watch begins with the current version, and reports each change once", async () => {
  const stop = new AbortController();
  const stream = iterate(registry.watch({ subject: "watched" }, { signal: stop.signal }));
  const first = await next(stream);
  expect(first.change).toBeUndefined();
  const { schema } = await registry.register({ subject: "watched", schema: text(watch) });
  await registry.register({ subject: "unwatched", schema: text(watch) });
  await registry.deleteSubject({ subject: "watched" });
  const registered = await next(stream);
  expect(registered.change).toMatchObject({
    ...{ kind: ChangeKind.REGISTERED, subject: "watched", version: 1, id: schema?.id },
  });
  expect((await next(stream)).change?.kind).toBe(ChangeKind.VERSION_DELETED);
  stop.abort();

  const late = iterate(registry.watch({ subject: "watched", after: first.revision }));
  await next(late);
  expect(await next(late)).toEqual(registered);
  await late.return?.();
  const future = iterate(registry.watch({ after: 1_000_000n }));
  expect((await refusal(next(future))).code).toBe(Code.InvalidArgument);
});

test("descriptor sets over HTTP carry an ETag, and an unchanged one is not sent again", async () => {
  const { schema } = await registry.register({ subject: "etag", schema: text(watch) });
  const { id, hash } = schema ?? { id: 0, hash: "" };
  for (const [path, caching] of [
    [`/v1/schemas/${id}`, "public, max-age=31536000, immutable"],
    ["/v1/schemas/by-name/acme.v1.Watch", "no-cache"],
    ["/v1/subjects/etag/versions/1", "no-cache"],
    ["/v1/subjects/etag/versions/latest", "no-cache"],
  ]) {
    const response = await fetch(`${gateway.url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe(caching ?? "");
    expect(response.headers.get("content-type")).toBe("application/protobuf");
    const etag = response.headers.get("etag") ?? "";
    if (path?.endsWith("Watch") === false) expect(etag).toBe(`"${hash}"`);
    const { file } = fromBinary(
      FileDescriptorSetSchema,
      new Uint8Array(await response.arrayBuffer()),
    );
    expect(file.at(-1)?.package).toBe("acme.v1");
    const again = await fetch(`${gateway.url}${path}`, {
      headers: { "if-none-match": `"x", ${etag}` },
    });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  }
  for (const [path, status] of [
    ["/v1/schemas/999999", 404],
    ["/v1/schemas/0", 400],
    ["/v1/schemas/x", 400],
    ["/v1/schemas/by-name/acme.v1.Nobody", 404],
    ["/v1/subjects/etag/versions/9", 404],
    ["/v1/subjects/etag/versions/zero", 400],
    ["/v1/subjects/nobody/versions/1", 404],
  ]) {
    const response = await fetch(`${gateway.url}${path}`);
    expect([path, response.status]).toEqual([path, status]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
});

test("on Deno text is compiled and a descriptor set is served as well", async () => {
  const command = [denoBinary(), "run", "--allow-all", "--quiet", denoEntry, "serve"];
  const deno = await startGateway({ command });
  try {
    const client = createClient(RegistryService, createGrpcTransport({ baseUrl: deno.grpcUrl }));
    const own = `${watch} import "google/api/annotations.proto";`;
    const { schema } = await client.register({ subject: "watch", schema: text(own) });
    expect(schema).toMatchObject({ id: 1, version: 1, messages: ["acme.v1.Watch"] });
    const response = await fetch(`${deno.url}/v1/schemas/1`);
    const set = fromBinary(FileDescriptorSetSchema, new Uint8Array(await response.arrayBuffer()));
    expect(set.file.map(({ name }) => name)).toContain("google/api/http.proto");
  } finally {
    await deno.stop();
  }
}, 60_000);

test("a page of another site changes nothing", async () => {
  const response = await fetch(`${gateway.url}/config`, {
    method: "PUT",
    headers: { origin: "https://elsewhere.example", "content-type": "text/plain" },
    body: '{"compatibility":"NONE"}',
  });
  expect(response.status).toBe(403);
  expect(await (await fetch(`${gateway.url}/config`)).json()).toEqual({
    compatibilityLevel: "BACKWARD",
  });
});

function iterate<T>(stream: AsyncIterable<T>): AsyncIterator<T> {
  return stream[Symbol.asyncIterator]();
}

async function next(stream: AsyncIterator<WatchResponse>): Promise<WatchResponse> {
  const result = await stream.next();
  if (result.done === true) throw new Error("The watch has ended");
  return result.value;
}

async function refusal(work: Promise<unknown>): Promise<ConnectError> {
  try {
    await work;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("It was done");
}
