// Demo data: fills every feature, and leaves no guest and no rule behind.

import { expect, test } from "bun:test";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { startingGateways, timeoutMs } from "../gateway/gateways.ts";

const start = startingGateways();

test(
  "simulators fill the gateway once they are started, and stop",
  async () => {
    const { url } = await start({ env: { SLUICE_DEMO: "1" } });
    const get = async (path: string) => (await ask("GET", `${url}${path}`)).json;
    expect(await get("/v1/demo")).toEqual({ enabled: true, running: false });
    expect((await ask("POST", `${url}/v1/demo`)).json).toEqual({ enabled: true, running: true });
    await until("every feature to have something", 30_000, async () => {
      const [orders, pulses, series, status, rules] = await Promise.all([
        get("/v1/topics/demo-orders"),
        get("/v1/topics/demo-pulses"),
        get("/v1/series"),
        get("/status"),
        get("/v1/ack-rules"),
      ]);
      return (
        orders.end !== null &&
        pulses.end !== null &&
        series.series.length === 8 &&
        status.lifecycle_events.taken > 0 &&
        rules.ack_rules.length === 1
      );
    });
    expect((await get("/log")).emitters).toHaveLength(3);
    expect((await ask("DELETE", `${url}/v1/demo`)).json).toEqual({ enabled: true, running: false });
    expect((await get("/log")).emitters).toHaveLength(0);
    expect((await get("/v1/ack-rules")).ack_rules).toEqual([]);
  },
  timeoutMs,
);

test(
  "without the setting there are none",
  async () => {
    const { url } = await start();
    expect((await ask("GET", `${url}/v1/demo`)).json).toEqual({ enabled: false, running: false });
    expect((await ask("POST", `${url}/v1/demo`)).status).toBe(403);
  },
  timeoutMs,
);
