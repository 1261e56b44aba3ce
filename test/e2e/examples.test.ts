/**
 * The consumers of `examples/` as their READMEs start them: they know no schema, follow its versions,
 * and print what the gateway's own consumer prints.
 */

import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { type Program, startProgram, startSluice } from "../support/program.ts";
import { pythonConsumer } from "../support/python-clients.ts";
import { runTool, type Tool, toolTest } from "../support/tools.ts";
import { type Clients, clientsOf, encode, registerVersion } from "./registry/biometrics.ts";

const root = join(import.meta.dir, "../..");
const goConsumer: Tool = { name: "go-consumer", variable: "SLUICE_TEST_GO_CONSUMER" };

/** The plugins are built the first time. */
const generateMs = 80_000;

/** Each field's JSON form that languages could differ in. */
const older = {
  watchId: "über-1 <&>",
  measuredAt: "2026-01-02T03:04:05.000000006Z",
  activity: "ACTIVITY_RUNNING",
  steps: { total: "18446744073709551615", cadence: 161.4 },
};
const heart = { watchId: "w", heartRate: { bpm: 60, confidence: 0.1 } };
const motion = { watchId: "w", motion: { x: [-1000, 0, 1], sampleRate: 25 } };
const newer = { ...heart, skinCelsius: 33.25 };

let gateway: GatewayProcess;
let clients: Clients;
let grpc: string;

beforeAll(async () => {
  gateway = await startGateway();
  clients = clientsOf(gateway.grpcUrl);
  grpc = new URL(gateway.grpcUrl).host;
}, 60_000);

afterAll(async () => {
  await gateway.stop();
}, 30_000);

toolTest(goConsumer, "Go: prints the same, and follows the schema", async (path) => {
  await follow("go", (topic) =>
    startProgram([path, "-grpc", grpc, "-topic", topic, "-from", "earliest", "-limit", "6"]),
  );
});

toolTest(pythonConsumer, "Python: prints the same, and follows the schema", async (python) => {
  const program = join(root, "examples/python-consumer/consume.py");
  await follow("python", (topic) =>
    startProgram([
      ...["env", `PYTHONPATH=${join(dirname(python), "../gen")}`, "PYTHONDONTWRITEBYTECODE=1"],
      ...[python, program, "--grpc", grpc, "--topic", topic, "--from", "earliest", "--limit", "6"],
    ]),
  );
});

toolTest(
  goConsumer,
  "Go: the generated code is that of the schemas",
  async () => {
    const out = mkdtempSync(join(tmpdir(), "sluice-go-gen-"));
    try {
      const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");
      const template = join(root, "examples/go-consumer/buf.gen.yaml");
      const command = [process.execPath, buf, "generate", "--template", template, "-o", out];
      const made = await runTool(["env", "-C", root, ...command], { timeoutMs: generateMs });
      expect(made).toMatchObject({ code: 0, output: "" });
      const gen = "examples/go-consumer/gen/sluice/v1";
      const names = readdirSync(join(root, gen));
      expect(readdirSync(join(out, gen))).toEqual(names);
      for (const name of names) {
        // Not compared as text: a difference is thousands of lines.
        const [committed, fresh] = [root, out].map((at) =>
          readFileSync(join(at, gen, name), "utf8"),
        );
        expect({ name, isFresh: fresh === committed }).toEqual({ name, isFresh: true });
      }
    } finally {
      rmSync(out, { recursive: true });
    }
  },
  generateMs + 5000,
);

/** Six records of two versions, of a topic that comes while the consumer waits for it. */
async function follow(topic: string, start: (topic: string) => Program): Promise<void> {
  const subject = `${topic}-value`;
  const consumer = start(topic);
  const first = await registerVersion(clients, subject, 1);
  await publish(topic, first, older, heart, motion);
  await consumer.printed(3);
  const second = await registerVersion(clients, subject, 2);
  await publish(topic, second, newer, heart);
  await publish(topic, first, older);
  expect(await consumer.exited).toBe(0);

  const own = startSluice(
    ...["consume", "--dynamic", "--topic", topic, "--from", "earliest", "--limit", "6"],
    ...["--url", gateway.url],
  );
  expect(await own.exited).toBe(0);
  // Parsed: Go writes a oneof behind the other fields, Python a double of 60 as 60.0, with spaces.
  const parsed = ({ lines }: Program) => lines().map((line): unknown => JSON.parse(line));
  expect(parsed(consumer)).toEqual([older, heart, motion, newer, heart, older]);
  expect(parsed(own)).toEqual(parsed(consumer));
  for (const id of [first, second]) expect(consumer.errors()).toContain(`schema ${id}: examples.`);
}

async function publish(topic: string, schemaId: number, ...values: JsonObject[]): Promise<void> {
  const encoded = await Promise.all(values.map((json) => encode(clients, schemaId, json)));
  const records = encoded.map((value) => ({ value, schemaId }));
  const { accepted } = await clients.collector.publish({ topic, records });
  expect(accepted).toBe(BigInt(values.length));
}
