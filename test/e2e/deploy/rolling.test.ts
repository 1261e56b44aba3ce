// A short form of `bun run rolling`: what is restarted and killed behind HAProxy costs no record, no
// duplicate, and no request of a client that heeds 503.

import { describe, expect, test } from "bun:test";
import { type Disturbance, disturbances, rollingRestart } from "../../rolling/rolling.ts";
import { natsSkipReason } from "../../support/nats.ts";
import { haproxy, toolTest } from "../../support/tools.ts";

const skipReason = natsSkipReason();
const timeoutMs = 170_000;

describe("two gateways and three NATS servers behind HAProxy", () => {
  if (skipReason !== undefined) return test.skip(skipReason, () => {});
  for (const name of Object.keys(disturbances) as Disturbance[]) {
    toolTest(
      haproxy,
      `lose nothing and repeat nothing: ${name}`,
      async () => {
        const load = { sse: 40, sockets: 10, rate: 200, seconds: 2 };
        const { producers, readers, errors, unusual } = await rollingRestart({
          ...load,
          disturbances: [name],
        });
        const { failed, deferred } = producers;
        expect({ failed, unusual: failed.length > 0 ? unusual : [] }).toEqual({
          failed: [],
          unusual: [],
        });
        expect({ lost: readers.lost, twice: readers.twice }).toEqual({ lost: 0, twice: 0 });
        // The load was there: readers got each record of their keys, and were resumed.
        expect(producers.acknowledged).toBeGreaterThan(load.rate);
        expect(readers.received).toBeGreaterThanOrEqual(producers.acknowledged);
        // A leader that is killed in the middle of an append may leave its records in another order.
        if (name === "restart" || name === "kill") {
          expect(readers.late).toBe(0);
          expect(readers.resumed.size).toBeGreaterThan(0);
        }
        if (name === "restart") expect(errors).toEqual([]);
        if (name === "silence") expect(deferred.size).toBeGreaterThan(0);
      },
      timeoutMs,
    );
  }
});
