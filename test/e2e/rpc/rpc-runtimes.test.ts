/** RPC on Deno: the same services in every protocol, on both listeners. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { denoBinary } from "../../support/deno.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import { consumerOf, endOf, take, ways } from "./rpc.ts";

const entry = fileURLToPath(new URL("../../../src/deno.ts", import.meta.url));

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({
    command: [denoBinary(), "run", "--allow-all", "--quiet", entry, "serve"],
  });
  await post(`${gateway.url}/v1/topics/t/records`, [{ n: 1 }, { n: 2 }]);
}, 60_000);

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
});

for (const [name, transport] of Object.entries(ways)) {
  test(`deno: ${name}`, async () => {
    const consumer = consumerOf(transport(gateway));
    const start = { case: "earliest", value: true } as const;
    const { values } = await take(consumer, { topic: "t", start }, 2);
    expect(values).toEqual([`{"n":1}`, `{"n":2}`]);
    expect(await endOf(consumer.subscribe({ topic: "nobody" }))).toMatchObject({
      code: "NotFound",
      reason: "NOT_FOUND",
    });
    expect(await endOf(consumer.subscribe({ topic: "t" }, { timeoutMs: 300 }))).toMatchObject({
      code: "DeadlineExceeded",
    });
  });
}
