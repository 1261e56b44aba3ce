/**
 * The original demo of the collector, step by step: watches stream, and a consumer with generated code
 * prints the same as one that fetches each schema.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { freePort } from "../../support/port.ts";
import { type Program, startSluice } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import {
  type Clients,
  clientsOf,
  encode,
  linesInTopic,
  registerVersion,
} from "../registry/biometrics.ts";

const skipReason = natsSkipReason();

suite("PostgreSQL", async () => ({ env: {}, stop: async () => {} }));
if (skipReason === undefined) {
  suite("JetStream", async () => {
    const nats: NatsServer = await startNats();
    return { env: { NATS_URL: nats.url }, stop: () => nats.stop() };
  });
} else {
  describe("the original flow on JetStream", () => test.skip(skipReason, () => {}));
}

interface Services {
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

function suite(name: string, start: () => Promise<Services>): void {
  describe(`the original flow on ${name}`, () => {
    let services: Services;
    let gateway: GatewayProcess;
    let clients: Clients;

    beforeAll(async () => {
      services = await start();
      gateway = await startGateway({
        env: {
          ...services.env,
          SLUICE_PORT: String(await freePort()),
          SLUICE_GRPC_PORT: String(await freePort()),
        },
      });
      clients = clientsOf(gateway.grpcUrl);
    }, 60_000);

    afterAll(async () => {
      await gateway.stop();
      await services.stop();
      expect(gateway.errors()).toEqual([]);
    }, 30_000);

    function consume(how: "--dynamic" | "--generated", topic: string, ...args: string[]): Program {
      return startSluice("consume", how, "--topic", topic, "--url", gateway.url, ...args);
    }

    function watches(topic: string, ...args: string[]): Program {
      return startSluice("simulate", "watch", "--topic", topic, "--grpc", gateway.grpcUrl, ...args);
    }

    test("register, fetch, stream: both consumers print the same, and keep following", async () => {
      const topic = "biometrics";
      const subject = `${topic}-value`;

      // 1. A client opens its stream to the collector, before it has anything to send.
      const phone = openPhone(clients, topic);
      // 2. The gateway runs on its log.
      await phone.isOpen;
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
      // 3. The schema is registered: here as text, by the watches below as descriptors.
      const first = await registerVersion(clients, subject, 1);
      // 4. Two consumers wait: one has generated code, the other fetches each schema that it meets.
      const dynamic = consume("--dynamic", topic);
      const generated = consume("--generated", topic);
      const isWaiting = ({ errors }: Program) => errors().includes("waiting for it");
      await until("both wait", 15_000, () => isWaiting(dynamic) && isWaiting(generated));
      // 5. The client and the watches stream.
      const json = { watchId: "phone", steps: { total: "18446744073709551615", cadence: 0.5 } };
      const value = await encode(clients, first, json);
      expect(await phone.send(value, first)).toBe(1);
      const simulated = watches(topic, "--watches", "20", "--rate", "10", "--seconds", "2");
      expect(await simulated.exited).toBe(0);
      const [greeting, summary] = simulated.lines();
      expect(greeting).toBe(`schema ${first} of ${subject}; 20 watches stream to ${topic}`);
      const sent = acknowledged(summary);
      expect(sent).toBeGreaterThan(60);
      // 6. and 7. Both print every record once, in the order of the topic.
      const count = 1 + sent;
      const printed = await dynamic.printed(count);
      expect(await generated.printed(count)).toEqual(printed);
      expect(await linesInTopic(clients, topic, count)).toEqual(printed);
      expect(new Set(printed).size).toBe(count);
      expect(JSON.parse(printed[0] ?? "")).toEqual(json);
      for (const kind of [`"heartRate":{"bpm":`, `"motion":{"x":[`, `"steps":{`]) {
        expect(printed.filter((line) => line.includes(kind)).length).toBeGreaterThan(count / 6);
      }

      // A new version is registered while they run; records of both versions follow.
      const second = await registerVersion(clients, subject, 2);
      const newer = { watchId: "newer", heartRate: { bpm: 61 }, skinCelsius: 33.5 };
      const older = { watchId: "older", heartRate: { bpm: 62 } };
      await clients.collector.publish({
        topic,
        records: [
          { value: await encode(clients, second, newer), schemaId: second },
          { value: await encode(clients, first, older), schemaId: first },
          { value: await encode(clients, second, newer), schemaId: second },
        ],
      });
      const parsed = (lines: string[]) => lines.slice(count).map((line) => JSON.parse(line));
      const { skinCelsius: _, ...known } = newer;
      expect(parsed(await dynamic.printed(count + 3))).toEqual([newer, older, newer]);
      expect(parsed(await generated.printed(count + 3))).toEqual([known, older, known]);

      expect(await Promise.all([dynamic.interrupt(), generated.interrupt()])).toEqual([0, 0]);
      expect(dynamic.errors().trim().split("\n")).toEqual([
        "There is no topic biometrics yet: waiting for it",
        `schema ${first}: examples.biometrics.v1.Biometrics, ${subject} version 1`,
        `schema ${second}: examples.biometrics.v1.Biometrics, ${subject} version 2`,
        expect.stringMatching(new RegExp(`^${count + 3} records; go on with --after \\S+$`)),
      ]);
      expect([dynamic.lines().length, generated.lines().length]).toEqual([count + 3, count + 3]);

      // Another consumer continues where one ended.
      const part = consume("--dynamic", topic, "--after", "earliest", "--limit", "100");
      expect(await part.exited).toBe(0);
      const [, position = ""] = /--after (\S+)\n$/.exec(part.errors()) ?? [];
      const rest = consume("--generated", topic, "--after", position, "--limit", `${count - 100}`);
      expect(await rest.exited).toBe(0);
      expect([...part.lines(), ...rest.lines()]).toEqual(printed);
    }, 60_000);

    for (const call of ["collect", "ingest"]) {
      test(`the gateway is killed: every record once, of watches that ${call}`, async () => {
        const topic = `killed-${call}`;
        const simulated = watches(topic, "--call", call, "--watches", "20", "--rate", "10");
        // From the earliest, because the watches may begin before these subscribe.
        const programs = (["--dynamic", "--generated"] as const).map((how) =>
          consume(how, topic, "--after", "earliest"),
        );
        for (const program of programs) await program.printed(50);

        await gateway.kill9();
        const [port, grpcPort] = [gateway.url, gateway.grpcUrl].map((url) => new URL(url).port);
        gateway = await startGateway({
          dataDir: gateway.dataDir,
          env: { ...services.env, SLUICE_PORT: port ?? "", SLUICE_GRPC_PORT: grpcPort ?? "" },
        });
        clients = clientsOf(gateway.grpcUrl);
        for (const program of programs) await program.printed(program.lines().length + 100);

        expect(await simulated.interrupt()).toBe(0);
        const sent = acknowledged(simulated.lines()[1]);
        for (const program of programs) {
          await program.printed(sent);
          expect(await program.interrupt()).toBe(0);
          expect(program.errors()).toContain("Cut off: ");
          expect(program.lines()).toEqual(await linesInTopic(clients, topic, sent));
          expect(new Set(program.lines()).size).toBe(sent);
        }
      }, 60_000);
    }
  });
}

/** All that was sent; fails if a record was not acknowledged. */
function acknowledged(summary = ""): number {
  const [, sent, taken] = /^(\d+) records of \d+ watches sent, (\d+) acknow/.exec(summary) ?? [];
  expect({ summary, taken }).toEqual({ summary, taken: sent });
  return Number(sent);
}

/** A stream that is open before it has anything to send. */
function openPhone({ collector }: Clients, topic: string) {
  const ready = Promise.withResolvers<void>();
  const record = Promise.withResolvers<{ value: Uint8Array; schemaId: number }>();
  async function* requests() {
    yield { topic };
    ready.resolve();
    yield { records: [await record.promise] };
  }
  const answer = collector.collect(requests());
  return {
    isOpen: ready.promise,
    /** Number of accepted records. */
    async send(value: Uint8Array, schemaId: number): Promise<number> {
      record.resolve({ value, schemaId });
      return Number((await answer).accepted);
    },
  };
}
