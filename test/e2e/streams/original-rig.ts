/** A gateway for tests of the original streaming demo, and their common requests. */

import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import {
  openSse,
  type SseEvent,
  type SseOptions,
  type SseStream,
} from "../../support/sse-socket.ts";
import { openWs, type WsClient } from "../../support/ws.ts";

export interface SeedRig {
  readonly url: string;
  /** A stream that is closed at the end of the test. */
  follow(at: string, options?: SseOptions): Promise<SseStream>;
  /** A socket that is cut at the end of the test. */
  talk(path?: string): Promise<WsClient>;
  /** An emitter that only the test writes to. */
  external(): Promise<string>;
  subscriptions(): Promise<number>;
}

/** One gateway for the tests of a file; it must not log an error. */
export function seedRig(): SeedRig {
  let gateway: GatewayProcess;
  const open: (() => void)[] = [];

  beforeAll(async () => {
    gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: "1000" } });
  }, 60_000);

  afterEach(() => {
    for (const close of open.splice(0)) close();
  });

  afterAll(async () => {
    await gateway.stop();
    expect(gateway.errors()).toEqual([]);
  });

  return {
    get url() {
      return gateway.url;
    },
    async follow(at, options) {
      const stream = await openSse(at, options);
      open.push(() => stream.close());
      return stream;
    },
    async talk(path = "/v1/ws") {
      const ws = await openWs(`${gateway.wsUrl}${path}`);
      open.push(() => ws.cut());
      return ws;
    },
    async external() {
      const { status, json } = await ask("PUT", `${gateway.url}/log`, {
        body: `{"source":"external"}`,
      });
      expect(status).toBe(201);
      return String(json.id);
    },
    subscriptions: async () => (await ask("GET", `${gateway.url}/status`)).json.hub.subscriptions,
  };
}

export const dataOf = (events: readonly SseEvent[]) => events.map(({ data }) => JSON.parse(data));
