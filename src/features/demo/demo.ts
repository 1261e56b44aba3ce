/**
 * Demo data: simulators of this gateway, which send what callers would send, to its own addresses. They
 * run while one of their guests is active, on the node that owns the name `demo`.
 */

import type { Clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { OwnedTask } from "../../core/owned-task.ts";
import type { Ownership } from "../../core/projection.ts";
import { type DemoRequest, demoRule, preparations, requestsOf } from "./traffic.ts";

export interface DemoDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ownership: Ownership;
  /** False: the settings do not allow demo data. */
  readonly isEnabled: boolean;
  /** Answers the JSON of an answer. Throws a failure for a refusal. */
  readonly send: (request: DemoRequest) => Promise<unknown>;
  /** Ids of emitters that have not ended and begin with this. */
  readonly activeGuests: (start: string) => Promise<readonly string[]>;
}

const guestStart = "demo-";
const guests = 3;
const guestRate = 2;
const everyMs = 1000;
const secondMs = 1000;

export class Demo {
  readonly #deps: DemoDeps;
  readonly #stop = new AbortController();
  #task: OwnedTask | undefined;
  #schemaId: number | undefined;
  /** Seconds of the shop, which stands still where this node does: every order has its turn. */
  #first: number | undefined;
  #second = -1;

  constructor(deps: DemoDeps) {
    this.#deps = deps;
  }

  get isEnabled(): boolean {
    return this.#deps.isEnabled;
  }

  /** Begins to look whether simulators have to run. */
  watch(): void {
    if (!this.#deps.isEnabled) return;
    const { ownership, clock, logger } = this.#deps;
    const { signal } = this.#stop;
    this.#task = new OwnedTask(
      { name: "demo", task: "demo data", ownership, clock, logger, signal, everyMs },
      async () => await this.#simulate(),
    );
  }

  async isRunning(): Promise<boolean> {
    if (!this.#deps.isEnabled) return false;
    return (await this.#deps.activeGuests(guestStart)).length > 0;
  }

  /** Idempotent. Throws `forbidden` without the setting. */
  async start(): Promise<void> {
    this.#requireSetting();
    if (await this.isRunning()) return;
    for (const request of preparations) await this.#deps.send(request);
    const run = this.#deps.clock.nowMs().toString(36);
    for (let n = 1; n <= guests; n++) {
      const path = `/log/${guestStart}${run}-web-${n}`;
      await this.#deps.send({ method: "PUT", path, body: JSON.stringify({ rate: guestRate }) });
    }
  }

  /** Ends the guests and removes the rule; the records stay until retention drops them. */
  async stop(): Promise<void> {
    this.#requireSetting();
    for (const id of await this.#deps.activeGuests(guestStart)) {
      await this.#deps.send({ method: "DELETE", path: `/log/${id}` });
    }
    try {
      await this.#deps.send({ method: "DELETE", path: `/v1/ack-rules/${demoRule}` });
    } catch (error) {
      if (failureFrom(error).code !== "not_found") throw error;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#task?.done;
  }

  async #simulate(): Promise<void> {
    const { clock, send } = this.#deps;
    if (!(await this.isRunning())) {
      this.#schemaId = undefined;
      this.#first = undefined;
      return;
    }
    this.#schemaId ??= await this.#registeredSchema();
    const nowMs = clock.nowMs();
    const now = Math.floor(nowMs / secondMs);
    const second = this.#first === undefined ? now : this.#second + 1;
    if (second > now) return;
    this.#first ??= second;
    this.#second = second;
    const turn = { first: this.#first, second, nowMs, schemaId: this.#schemaId };
    for (const request of requestsOf(turn)) {
      await send(request).catch((error: unknown) => this.#task?.recordFailure(error));
    }
  }

  async #registeredSchema(): Promise<number> {
    const registration = preparations.find(({ path }) => path.startsWith("/subjects/"));
    if (registration === undefined) throw new Failure("internal", "The demo has no schema");
    const answer = await this.#deps.send(registration);
    const id = typeof answer === "object" && answer !== null && "id" in answer ? answer.id : 0;
    return Number(id);
  }

  #requireSetting(): void {
    if (this.#deps.isEnabled) return;
    throw new Failure("forbidden", "This gateway has no demo data: SLUICE_DEMO is not set");
  }
}
