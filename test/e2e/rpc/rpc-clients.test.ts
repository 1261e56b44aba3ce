/** Public command-line clients without a local schema, as users run them. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import { grpcurl, runTool, toolTest } from "../../support/tools.ts";

const root = join(import.meta.dir, "../../..");
const value = Buffer.from(`{"n":2}`).toString("base64");

let gateway: GatewayProcess;
let grpcAddress: string;

beforeAll(async () => {
  gateway = await startGateway();
  grpcAddress = new URL(gateway.grpcUrl).host;
  await post(`${gateway.url}/v1/topics/orders/records`, [{ n: 1 }, { n: 2 }]);
}, 60_000);

afterAll(async () => {
  await gateway.stop();
});

describe("grpcurl", () => {
  toolTest(grpcurl, "lists the services", async (path) => {
    const { output } = await runTool([path, "-plaintext", grpcAddress, "list"]);
    expect(output.trim().split("\n")).toEqual(
      expect.arrayContaining([
        "MarsWeb.GrpcService.MarsGrpc",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "sluice.v1.CollectorService",
        "sluice.v1.ConsumerService",
      ]),
    );
  });

  toolTest(grpcurl, "describes a service, a method, a message", async (path) => {
    const describe = async (symbol: string) =>
      (await runTool([path, "-plaintext", grpcAddress, "describe", symbol])).output;
    expect(await describe("sluice.v1.ConsumerService")).toContain("rpc Subscribe (");
    expect(await describe("sluice.v1.ConsumerService.Subscribe")).toContain("returns ( stream");
    expect(await describe("sluice.v1.Record")).toContain("map<string, bytes> headers");
  });

  toolTest(grpcurl, "queries the health of the node and of a service", async (path) => {
    const check = async (service: string) =>
      await runTool([
        ...[path, "-plaintext", "-d", JSON.stringify({ service }), grpcAddress],
        "grpc.health.v1.Health/Check",
      ]);
    expect((await check("")).output).toContain("SERVING");
    expect((await check("sluice.v1.ConsumerService")).output).toContain("SERVING");
    expect((await check("sluice.v1.Nope")).errors).toContain("Code: NotFound");
  });

  toolTest(grpcurl, "subscribes, and shows records as they arrive", async (path) => {
    const { output } = await runTool(
      [
        ...[path, "-plaintext", "-d", `{"topic":"orders","tail":1}`, grpcAddress],
        "sluice.v1.ConsumerService/Subscribe",
      ],
      { enough: (said) => said.includes(value) },
    );
    expect(output).toContain(value);
  });

  toolTest(grpcurl, "shows the details of an error", async (path) => {
    const { code, errors } = await runTool([
      ...[path, "-plaintext", "-d", `{"topic":"orders","after":"7x"}`, grpcAddress],
      "sluice.v1.ConsumerService/Subscribe",
    ]);
    expect(code).not.toBe(0);
    expect(errors).toContain("Code: InvalidArgument");
    // Go's JSON puts spaces where it likes.
    expect(errors).toMatch(/"reason": *"INVALID_POSITION"/);
  });

  toolTest(grpcurl, "gets an error for an unknown method", async (path) => {
    const { errors } = await runTool([
      ...[path, "-plaintext", "-d", "{}"],
      ...["-import-path", join(root, "test/conformance/proto")],
      ...["-proto", "connectrpc/conformance/v1/service.proto", grpcAddress],
      "connectrpc.conformance.v1.ConformanceService/Unary",
    ]);
    expect(errors).toContain("Code: Unimplemented");
    expect(errors).toContain("There is no method at /connectrpc.conformance.v1");
  });

  toolTest(grpcurl, "gets the address of gRPC from the HTTP port", async (path) => {
    const { errors } = await runTool([
      ...[path, "-plaintext", "-d", "{}", "-import-path", join(root, "schemas")],
      ...["-proto", "grpc/health/v1/health.proto", new URL(gateway.url).host],
      "grpc.health.v1.Health/Check",
    ]);
    expect(errors).toContain("Code: Unimplemented");
    expect(errors).toContain("SLUICE_GRPC_PORT");
  });
});

describe("buf curl", () => {
  const buf = [process.execPath, join(root, "node_modules/@bufbuild/buf/bin/buf"), "curl"];

  for (const [protocol, port, flags] of [
    ["grpc", "RPC", ["--http2-prior-knowledge"]],
    ["grpcweb", "HTTP", []],
    ["connect", "HTTP", []],
    ["connect", "HTTP", ["--http2-prior-knowledge"]],
  ] as const) {
    test(`${protocol} on the ${port} port ${flags.join(" ")}`, async () => {
      const url = port === "RPC" ? gateway.grpcUrl : gateway.url;
      // Reflection is bidirectional: Go's client wants HTTP/2 for that.
      const schema = flags.length === 0 ? ["--schema", join(root, "schemas")] : [];
      const { output, errors } = await runTool(
        [
          ...[...buf, "--protocol", protocol, ...flags, ...schema],
          ...["-d", `{"topic":"orders","tail":1}`],
          `${url}/sluice.v1.ConsumerService/Subscribe`,
        ],
        { enough: (said) => said.includes(value) },
      );
      expect({ output, errors }).toEqual({ output: expect.stringContaining(value), errors: "" });
    });
  }
});

test("curl: a call is a POST of JSON", async () => {
  const { output } = await runTool([
    ...["curl", "-s", "-H", "content-type: application/json", "-d", "{}"],
    `${gateway.url}/grpc.health.v1.Health/Check`,
  ]);
  expect(JSON.parse(output)).toEqual({ status: "SERVING" });
});
