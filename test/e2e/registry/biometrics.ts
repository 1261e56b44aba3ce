/** Records for tests of consumers: biometrics of the example schema and of its next version. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createFileRegistry,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BiometricsSchema } from "../../../src/gen/examples/biometrics/v1/biometrics_pb.ts";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { ConsumerService } from "../../../src/gen/sluice/v1/consumer_pb.ts";
import { RegistryService } from "../../../src/gen/sluice/v1/registry_pb.ts";

const schemaFile = join(
  import.meta.dir,
  "../../../schemas/examples/biometrics/v1/biometrics.proto",
);

export function clientsOf(grpcUrl: string) {
  const transport = createGrpcTransport({ baseUrl: grpcUrl });
  return {
    collector: createClient(CollectorService, transport),
    consumer: createClient(ConsumerService, transport),
    registry: createClient(RegistryService, transport),
  };
}

export type Clients = ReturnType<typeof clientsOf>;

/** Text of the schema with one more field, as a newer watch would have it. */
function nextVersion(): string {
  const text = readFileSync(schemaFile, "utf8");
  return text.replace("  // One of them a record.", "  double skin_celsius = 7;\n$&");
}

/** Id of the registered schema. */
export async function registerVersion(
  { registry }: Clients,
  subject: string,
  version: 1 | 2,
): Promise<number> {
  const text = version === 1 ? readFileSync(schemaFile, "utf8") : nextVersion();
  const { schema } = await registry.register({
    subject,
    schema: { case: "protoText", value: { text } },
  });
  if (schema?.version !== version) throw new Error(`It is version ${schema?.version}`);
  return schema.id;
}

/** Encodes protobuf JSON by a schema of the registry. */
export async function encode({ registry }: Clients, id: number, json: JsonObject) {
  const { fileDescriptorSet } = await registry.getDescriptorSet({
    schema: { case: "id", value: id },
  });
  const types = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
  const desc = types.getMessage(BiometricsSchema.typeName);
  if (desc === undefined) throw new Error(`Schema ${id} has no ${BiometricsSchema.typeName}`);
  return toBinary(desc, fromJson(desc, json));
}

/** The topic's first records as lines of JSON, by generated code. */
export async function linesInTopic(
  { consumer }: Clients,
  topic: string,
  count: number,
): Promise<string[]> {
  const lines: string[] = [];
  const start = { case: "earliest", value: true } as const;
  const stop = new AbortController();
  for await (const { records } of consumer.subscribe({ topic, start }, { signal: stop.signal })) {
    for (const { record } of records) {
      const value = fromBinary(BiometricsSchema, record?.value ?? new Uint8Array());
      lines.push(toJsonString(BiometricsSchema, value));
    }
    if (lines.length >= count) break;
  }
  stop.abort();
  return lines;
}
