/** A node whose clock is wrong by a day must not drop what the others keep. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { testPostgres } from "../../support/postgres.ts";
import { pause, until } from "../../support/until.ts";
import { timeoutMs } from "./gateways.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const hourMs = 3_600_000;

test.each([25 * hourMs, -25 * hourMs])(
  "a node whose clock is %d ms ahead drops nothing, stamps the database's time, and says so",
  async (offMs) => {
    await using database = await (await testPostgres()).createDatabase();
    const env = { DATABASE_URL: database.url };
    const right = await startGateway({ env });
    await post(`${right.url}/v1/topics/kept/records`, { n: 1 });
    const ns = BigInt(Date.now()) * 1_000_000n;
    await post(`${right.url}/save`, `{"time":${ns},"tag":"t1","values":[1.5]}`);
    await right.stop();

    const wrong = await startGateway({
      env: { ...env, SLUICE_TEST_CLOCK_MS: String(offMs) },
      command: [
        process.execPath,
        "--preload",
        join(root, "test/support/skewed-clock-node.ts"),
        join(root, "src/main.ts"),
        "serve",
      ],
    });
    await post(`${wrong.url}/v1/topics/kept/records`, { n: 2 });
    const status = await until("the sweeps to be refused", 30_000, async () => {
      const isRefused = wrong.log().includes("applying retention failed");
      return isRefused && (await ask("GET", `${wrong.url}/status`)).json;
    });
    expect(status.clock.retention).toBe("paused");
    expect(Math.abs(status.clock.ahead_ms - offMs)).toBeLessThan(10_000);
    expect(wrong.log()).toContain(
      "this node's clock differs from the database's; it drops nothing",
    );
    await wrong.stop();

    const again = await startGateway({ env });
    // A sweep of this node: it would drop what the other one had stamped as a day old.
    await pause(11_000);
    const { json } = await ask("GET", `${again.url}/v1/topics/kept/records`);
    expect(json.events.map(({ data }: { data: unknown }) => data)).toEqual([{ n: 1 }, { n: 2 }]);
    for (const event of json.events) {
      expect(Math.abs(Date.parse(event.time) - Date.now())).toBeLessThan(hourMs);
    }
    const series = `${again.url}/v1/series/t1/export?start=1&format=ndjson`;
    expect((await ask("GET", series)).text).toContain(`"time":${ns},`);
    expect((await ask("GET", `${again.url}/status`)).json.clock).toMatchObject({
      retention: "runs",
    });
    await again.stop();
  },
  timeoutMs * 3,
);
