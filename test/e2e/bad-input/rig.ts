/**
 * A gateway for input that must never come in. Each gets a problem that names what is wrong, none an
 * internal error, and the gateway keeps serving.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { type About, type Expected, expectProblem } from "../../support/problems.ts";
import { pause } from "../../support/until.ts";

export const topic = "bad-input";

/** A stream can be sent only once, so it is created for each request. */
export type Body = string | Uint8Array<ArrayBuffer> | (() => ReadableStream<Uint8Array>);

export interface More extends About {
  readonly headers?: Readonly<Record<string, string>>;
}

/** The name, the request, the expected problem. Bodies are JSON unless a header says otherwise. */
export type Row = readonly [
  name: string,
  request: string | (() => string),
  expected: Expected,
  more?: More & { readonly body?: Body },
];

export class BadInputRig {
  #gateway: GatewayProcess | undefined;
  /** An emitter with ten events that only these tests write to. */
  id = "";
  /** Positions: of the first event of the emitter, and of a topic that was removed. */
  readonly position = { first: "", ofRemoved: "" };

  /** Registers the hooks of a test file; the gateway runs from its first test to its last. */
  constructor() {
    beforeAll(async () => {
      this.#gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: "1000" } });
      await this.#prepare();
    }, 60_000);
    afterEach(async () => {
      const after = await post(`${this.url}/log/${this.id}`, { alive: true });
      expect(after.status).toBe(200);
    });
    afterAll(async () => {
      expect(await this.gateway.stop()).toBe(0);
      expect(this.gateway.errors()).toEqual([]);
    });
  }

  get gateway(): GatewayProcess {
    if (this.#gateway === undefined) throw new Error("The gateway has not started");
    return this.#gateway;
  }

  get url(): string {
    return this.gateway.url;
  }

  readonly toEmitter = () => `/log/${this.id}`;
  readonly toTopic = () => `/v1/topics/${topic}/records`;

  table(name: string, rows: readonly Row[]): void {
    describe(name, () => {
      for (const [name, request, expected, { body, headers = {}, ...about } = {}] of rows) {
        test(name, async () => {
          const line = typeof request === "string" ? request : request();
          const [method = "", path = ""] = line.split(/ (.*)/);
          const options = {
            headers: body === undefined ? headers : { ...json, ...headers },
            body: typeof body === "function" ? body() : body,
          };
          expectProblem(await ask(method, `${this.url}${path}`, options), expected, about);
        });
      }
    });
  }

  async #prepare(): Promise<void> {
    const { url } = this;
    this.id = (await ask("PUT", `${url}/log`, { body: `{"source":"external"}` })).json.id;
    this.position.first = (await post(`${url}/log/${this.id}`, { n: 0 })).json.position;
    await post(`${url}/log/${this.id}`, [1, 2, 3]);
    const records = `${url}/v1/topics/${topic}/records`;
    await post(records, [1]);
    this.position.ofRemoved = (await ask("GET", records)).json.events[0].position;
    await ask("DELETE", `${url}/v1/topics/${topic}`);
    await pause(5);
    await post(records, [1, 2, 3]);
  }
}

const json = { "content-type": "application/json" };
