/** Tests that run on each log that a gateway may have, with its real broker. */

import { afterAll, describe } from "bun:test";
import { type NatsServer, natsSkipReason, startNats } from "./nats.ts";

/** Starts an empty log; resolves to what a gateway needs in its environment to use it. */
export type StartLog = () => Promise<Readonly<Record<string, string>>>;

export function onEachLog(title: string, tests: (startLog: StartLog) => void): void {
  describe(`${title}, on PostgreSQL`, () => tests(async () => ({})));
  describe.skipIf(natsSkipReason() !== undefined)(`${title}, on JetStream`, () => {
    const servers: NatsServer[] = [];
    // After all tests: gateways are stopped first.
    afterAll(async () => {
      await Promise.all(servers.splice(0).map((server) => server.stop()));
    }, 30_000);
    tests(async () => {
      const server = await startNats();
      servers.push(server);
      return { NATS_URL: server.url };
    });
  });
}
