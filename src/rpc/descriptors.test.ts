import { expect, test } from "bun:test";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { ConsumerService } from "../gen/sluice/v1/consumer_pb.ts";
import { Descriptors, encodeWithImports } from "./descriptors.ts";

const descriptors = new Descriptors([Health, ConsumerService], [file_google_rpc_error_details]);

test("lists services by name", () => {
  expect(descriptors.serviceNames()).toEqual([
    "grpc.health.v1.Health",
    "sluice.v1.ConsumerService",
  ]);
});

for (const [symbol, file] of [
  ["sluice.v1.ConsumerService", "sluice/v1/consumer.proto"],
  ["sluice.v1.ConsumerService.Subscribe", "sluice/v1/consumer.proto"],
  ["sluice.v1.SubscribeRequest", "sluice/v1/consumer.proto"],
  ["sluice.v1.SubscribeRequest.start", "sluice/v1/consumer.proto"],
  ["sluice.v1.SubscribeRequest.tail", "sluice/v1/consumer.proto"],
  ["sluice.v1.Record.HeadersEntry", undefined],
  ["sluice.v1.Record", "sluice/v1/record.proto"],
  ["grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"],
  ["google.rpc.RetryInfo", "google/rpc/error_details.proto"],
  ["google.protobuf.Duration", "google/protobuf/duration.proto"],
  ["sluice.v1.ConsumerService.Nope", undefined],
  ["sluice.v1.Nope", undefined],
  ["sluice", undefined],
  ["", undefined],
] as const) {
  test(`"${symbol}" is declared in ${file}`, () => {
    expect(descriptors.fileOfSymbol(symbol)?.proto.name).toBe(file);
  });
}

test("a file comes with all that it imports, each after its own imports", () => {
  const file = descriptors.file("sluice/v1/consumer.proto");
  const protos = file === undefined ? [] : encodeWithImports(file);
  const parsed = protos.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  expect(parsed.map(({ name }) => name)).toEqual([
    "sluice/v1/record.proto",
    "sluice/v1/consumer.proto",
  ]);
  const registry = createFileRegistry({
    $typeName: FileDescriptorSetSchema.typeName,
    file: parsed,
  });
  expect(registry.getService("sluice.v1.ConsumerService")?.methods).toHaveLength(1);
});

test("knows no extensions, and which messages could have them", () => {
  expect(descriptors.extensionNumbers("sluice.v1.Record")).toEqual([]);
  expect(descriptors.extensionNumbers("sluice.v1.Nope")).toBeUndefined();
  expect(descriptors.fileOfExtension("sluice.v1.Record", 1000)).toBeUndefined();
});
