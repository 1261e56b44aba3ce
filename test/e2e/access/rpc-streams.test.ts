// Streams over RPC end with their caller's credential, within a second, and say where to go on.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { ConsumerService } from "../../../src/gen/sluice/v1/consumer_pb.ts";
import { RegistryService } from "../../../src/gen/sluice/v1/registry_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { until, within } from "../../support/until.ts";
import { endOf, ways } from "../rpc/rpc.ts";
import { adminKey, createKey, revokeKey } from "./keys.ts";

const endsWithinMs = 1000;

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_ADMIN_KEY: adminKey } });
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

const transports = {
  ...ways,
  "gRPC with JSON on the RPC port": ({ grpcUrl }: GatewayProcess) =>
    createGrpcTransport({ baseUrl: grpcUrl, useBinaryFormat: false }),
};
const records = [{ value: new TextEncoder().encode("1") }];
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

describe.each(Object.entries(transports))("%s", (way, transportTo) => {
  const transport = () => transportTo(gateway);
  const topic = `t-${way.replaceAll(/\W+/g, "-").toLowerCase()}`;

  test("a subscription of a revoked key", async () => {
    const admin = createClient(CollectorService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
    await admin.publish({ topic, records }, bearer(adminKey));
    const name = `subscriber-${topic}`;
    const key = await createKey(gateway, { name, grants: [`read topic:${topic}`] });
    let position = "";
    const read = async () => {
      const consumer = createClient(ConsumerService, transport());
      const start = { case: "earliest", value: true } as const;
      for await (const response of consumer.subscribe({ topic, start }, bearer(key))) {
        position = response.position;
      }
    };
    const ended = endOf(read());
    await until("a position", 5000, () => position !== "");
    await revokeKey(gateway, name);
    const { code, reason, position: last } = await within("the end", endsWithinMs, ended);
    expect({ code, reason, last }).toEqual({
      code: "Unauthenticated",
      reason: "UNAUTHENTICATED",
      last: position,
    });
  });

  test("a subscription of a key that expires, which goes on with another one", async () => {
    const grants = [`read topic:${topic}`];
    const consumer = createClient(ConsumerService, transport());
    const expiresMs = 2000;
    const fromMs = performance.now();
    const key = await createKey(gateway, { grants, expiresMs });
    const { code, position } = await within(
      "the end",
      expiresMs + endsWithinMs + 1000,
      endOf(consumer.subscribe({ topic }, bearer(key))),
    );
    expect(code).toBe("Unauthenticated");
    expect(performance.now() - fromMs).toBeLessThan(expiresMs + endsWithinMs);
    const start = { case: "after", value: position ?? "" } as const;
    const admin = createClient(CollectorService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
    await admin.publish({ topic, records }, bearer(adminKey));
    const stop = new AbortController();
    const next = bearer(await createKey(gateway, { grants }));
    const options = { ...next, signal: stop.signal };
    for await (const response of consumer.subscribe({ topic, start }, options)) {
      if (response.records.length === 0) continue;
      expect(response.records.length).toBe(1);
      break;
    }
    stop.abort();
  });

  test("a watch of the registry", async () => {
    const name = `watcher-${topic}`;
    const key = await createKey(gateway, { name, grants: ["read subject:*"] });
    let isOpen = false;
    const watch = async () => {
      const registry = createClient(RegistryService, transport());
      for await (const _ of registry.watch({}, bearer(key))) isOpen = true;
    };
    const ended = endOf(watch());
    await until("the watch is open", 5000, () => isOpen);
    await revokeKey(gateway, name);
    expect((await within("the end", endsWithinMs, ended)).code).toBe("Unauthenticated");
  });
});

// Over HTTP/1.1 the answer to a request that is still being sent has no reader.
describe.each(Object.entries(transports).filter(([way]) => !way.includes("1.1")))(
  "records over %s",
  (way, transportTo) => {
    const topic = `records-${way.replaceAll(/\W+/g, "-").toLowerCase()}`;

    test("Collect ends with the position of the last durable record", async () => {
      const name = `producer-${topic}`;
      const key = await createKey(gateway, { name, grants: [`append topic:${topic}`] });
      const open = Promise.withResolvers<void>();
      const endless = async function* () {
        yield { topic, records };
        await open.promise;
      };
      const client = createClient(CollectorService, transportTo(gateway));
      const ended = endOf(client.collect(endless(), bearer(key)));
      const last = await until("the record is stored", 5000, () => newestOf(topic));
      await revokeKey(gateway, name);
      const { code, position } = await within("the end", endsWithinMs, ended);
      expect({ code, position }).toEqual({ code: "Unauthenticated", position: last });
      open.resolve();
    });
  },
);

async function newestOf(topic: string): Promise<string | undefined> {
  const response = await fetch(`${gateway.url}/v1/topics/${topic}/records`, bearer(adminKey));
  if (!response.ok) return undefined;
  const { events } = (await response.json()) as {
    readonly events: { readonly position: string }[];
  };
  return events.at(-1)?.position;
}
