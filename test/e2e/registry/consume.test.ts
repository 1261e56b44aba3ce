/** Errors and warnings of `sluice consume` and `sluice simulate`. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Program, startProgram, startSluice } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { type Clients, clientsOf, encode, registerVersion } from "./biometrics.ts";

let gateway: GatewayProcess;
let clients: Clients;
let schemaId: number;

beforeAll(async () => {
  gateway = await startGateway();
  clients = clientsOf(gateway.grpcUrl);
  schemaId = await registerVersion(clients, "any", 1);
}, 60_000);

afterAll(async () => {
  await gateway.stop();
}, 30_000);

function consume(...args: string[]): Program {
  return startSluice("consume", "--url", gateway.url, "--from", "earliest", ...args);
}

const line = (watchId: string) => `{"watchId":"${watchId}"}`;

async function publish(topic: string, ...watchIds: string[]): Promise<string> {
  const values = await Promise.all(
    watchIds.map((watchId) => encode(clients, schemaId, { watchId })),
  );
  const records = values.map((value) => ({ value, schemaId }));
  return (await clients.collector.publish({ topic, records })).position;
}

describe("a record that cannot be decoded is left out and reported", () => {
  test("by its schema", async () => {
    await publish("mixed", "first");
    const value = new TextEncoder().encode("no message");
    await clients.collector.publish({
      topic: "mixed",
      records: [{ value }, { value, schemaId }, { value, schemaId: 4_000_000 }],
    });
    await publish("mixed", "last");
    const program = consume("--dynamic", "--topic", "mixed", "--limit", "2");
    expect(await program.exited).toBe(0);
    expect(program.lines()).toEqual([line("first"), line("last")]);
    expect(program.errors().split("\n")).toEqual([
      expect.stringContaining(`schema ${schemaId}: `),
      expect.stringMatching(/^The record at \S+ is left out: Cannot decode: it names no schema$/),
      expect.stringMatching(/^The record at \S+ is left out: Cannot decode as "examples\./),
      expect.stringMatching(/^The record at \S+ is left out: .*4000000/),
      expect.stringMatching(/^2 records; go on with --after \S+$/),
      "",
    ]);
  });

  test("by generated code", async () => {
    await publish("broken", "first");
    const value = new TextEncoder().encode("no message");
    await clients.collector.publish({ topic: "broken", records: [{ value }] });
    await publish("broken", "last");
    const program = consume("--generated", "--topic", "broken", "--limit", "2");
    expect(await program.exited).toBe(0);
    expect(program.lines()).toEqual([line("first"), line("last")]);
    expect(program.errors()).toContain('Cannot decode as "examples.biometrics.v1.Biometrics"');
  });
});

test("missing records are reported, and reading continues", async () => {
  const position = await publish("again", "first");
  expect((await fetch(`${gateway.url}/v1/topics/again`, { method: "DELETE" })).ok).toBe(true);
  await publish("again", "second");
  const program = consume("--dynamic", "--topic", "again", "--from", position, "--limit", "1");
  expect(await program.exited).toBe(0);
  expect(program.lines()).toEqual([line("second")]);
  expect(program.errors()).toMatch(/^Records are missing: .* Reading on at \S+\n/);
});

test("an error that a retry cannot mend ends the program with code 1", async () => {
  await publish("there", "first");
  const wrong = consume("--dynamic", "--topic", "there", "--from", "7x");
  expect(await wrong.exited).toBe(1);
  expect(wrong.errors()).toContain(`position "7x"`);
  const nowhere = startSluice("consume", "--dynamic", "--url", "http://127.0.0.1:1");
  expect(await nowhere.exited).toBe(1);
  expect(nowhere.errors()).toBe("Cannot reach http://127.0.0.1:1: is the gateway running?\n");
  const refused = startSluice(
    ...["simulate", "watch", "--grpc", gateway.grpcUrl, "--topic", "no topic"],
  );
  expect(await refused.exited).toBe(1);
  expect(refused.errors()).toContain(`"no topic"`);
});

test("it ends when its output is closed", async () => {
  await publish("piped", "first");
  const main = join(import.meta.dir, "../../../src/main.ts");
  const args = `consume --dynamic --topic piped --from earliest --url ${gateway.url}`;
  // The exit status is that of the consumer, not of head.
  const script = `set -o pipefail; '${process.execPath}' '${main}' ${args} | head -n 1`;
  const program = startProgram(["bash", "-c", script]);
  let code: number | null | undefined;
  void program.exited.then((ended) => (code = ended));
  await program.printed(1);
  // It learns of the closed pipe from its next write.
  await until("the consumer ends", 15_000, async () => {
    await publish("piped", "next");
    return code !== undefined;
  });
  expect(code).toBe(0);
  expect(program.lines()).toEqual([line("first")]);
  expect(program.errors()).toMatch(/^schema .*\n\d+ records?; go on with --after \S+\n$/);
});

test("wrong arguments print the usage and end with code 2", async () => {
  const cases: [args: string[], said: string][] = [
    [["consume"], "Cannot run sluice consume: TOPIC is missing"],
    [["consume", "--dynamic", "--generated"], "Cannot use --dynamic with --generated"],
    [["consume", "--dynamic", "--limit", "-1"], "--limit"],
    [["simulate"], "Cannot run sluice simulate: a command is missing, expected one of"],
    [
      ["simulate", "birds"],
      "Cannot run sluice simulate birds: there is no such command, expected one of",
    ],
    [["simulate", "watch", "--call", "shout"], "expected collect or ingest"],
    [["simulate", "watch", "--watches", "0"], "expected a whole number from 1"],
    [["simulate", "watch", "--grpc", "here"], "Cannot use --grpc here: expected one like"],
  ];
  for (const [args, said] of cases) {
    const program = startSluice(...args);
    expect(await program.exited).toBe(2);
    expect(program.errors()).toContain(said);
    expect(program.errors()).toContain(`sluice ${args[0]} `);
  }
}, 60_000);
