/** Copy jobs as a service: previewed, created, paused, resumed, cancelled, and run by the node that owns each. */

import { audit } from "../../core/access/audit.ts";
import { type Caller, openCaller } from "../../core/access/caller.ts";
import type { Principals } from "../../core/access/principals.ts";
import { Failure, failureFrom, invalidField } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { OwnedTask } from "../../core/owned-task.ts";
import type { Position } from "../../core/position.ts";
import type { Ownership } from "../../core/projection.ts";
import type { TopicRules } from "../../ingest/topic-rules.ts";
import {
  type CopyFilter,
  type CopyJob,
  type CopyState,
  type CopyStore,
  jobsMax,
  runningMax,
} from "./copy.ts";
import { type Preview, previewRecords } from "./preview.ts";
import { type SenderDeps, sendRecords } from "./sender.ts";

export interface CopiesDeps extends Omit<SenderDeps, "store" | "log"> {
  readonly log: SenderDeps["log"] & {
    bounds(topic: string): Promise<{ readonly start: Position; readonly end: Position }>;
  };
  readonly store: CopyStore;
  readonly rules: Pick<TopicRules, "require" | "requireRead">;
  readonly principals: Principals;
  readonly ownership: Ownership;
  readonly logger: Logger;
}

export interface CopyRequest {
  /** Undefined: one is made. */
  readonly id?: string | undefined;
  readonly source: string;
  readonly target: string;
  readonly after: Position | "earliest";
  /** Undefined: up to the newest record that there is now. */
  readonly until: Position | undefined;
  readonly filter: CopyFilter;
  readonly rate: number;
}

/** Nothing brings back a job that is done or was cancelled. */
const changeable: readonly CopyState[] = ["running", "paused", "failed"];

const lookMs = 1000;
/** For jobs that ended a week ago. */
const pruneEveryLooks = 600;

export class Copies {
  readonly #deps: CopiesDeps;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, OwnedTask>();
  #cancel = () => {};
  #looks = 0;

  constructor(deps: CopiesDeps) {
    this.#deps = deps;
  }

  /** Begins to work on jobs. */
  start(): void {
    this.#cancel = this.#deps.clock.after(lookMs, () => {
      void this.#look().finally(() => {
        if (!this.#stop.signal.aborted) this.start();
      });
    });
  }

  /** What a job would send, as far as it can be found out in a few seconds. */
  async preview(request: CopyRequest, by: Caller, signal: AbortSignal): Promise<Preview> {
    this.#requireRights(request, by);
    requireSelection(request);
    const { after, until } = await this.#range(request);
    return await previewRecords(this.#deps, { ...request, after, until }, by, signal);
  }

  /**
   * Idempotent for a request with an id. Throws `forbidden`, `not_found`, `invalid`, `overloaded`, and
   * `conflict` where there is another job with this id.
   */
  async create(request: CopyRequest, by: Caller): Promise<CopyJob> {
    const { store, clock, logger, filters } = this.#deps;
    this.#requireRights(request, by);
    requireSelection(request);
    await filters.compile(request.filter);
    const existing = request.id === undefined ? undefined : await store.get(request.id);
    if (existing !== undefined) return this.#same(existing, request, by);
    const range = await this.#range(request);
    const action = `Cannot send records of topic "${request.source}"`;
    const all = await store.list();
    requireRoom(action, all);
    if (all.length >= jobsMax) {
      throw new Failure(
        "overloaded",
        `${action}: ${all.length} jobs are listed, expected fewer than ${jobsMax}: those that ended leave the list after a week`,
      );
    }
    const nowMs = clock.nowMs();
    const job: CopyJob = {
      ...request,
      ...range,
      id: request.id ?? crypto.randomUUID(),
      life: crypto.randomUUID(),
      state: "running",
      position: range.after,
      read: 0,
      matched: 0,
      sent: 0,
      refused: 0,
      lastRefusal: undefined,
      failure: undefined,
      creator: by === openCaller ? undefined : by.principal,
      createdMs: nowMs,
      changedMs: nowMs,
    };
    if (!(await store.create(job))) return await this.create(request, by);
    const fields = { from: job.source, to: job.target };
    audit(logger, by, { action: "create", kind: "copy", name: job.id, fields });
    return job;
  }

  #same(existing: CopyJob, { id, source, target }: CopyRequest, by: Caller): CopyJob {
    const isSame = existing.source === source && existing.target === target;
    if (isSame && this.#mayRead(existing, by)) return existing;
    throw new Failure("conflict", `Cannot create copy "${id}": there is another one with this id`);
  }

  /** Those of which the caller may read the source. */
  async list(by: Caller): Promise<readonly CopyJob[]> {
    return (await this.#deps.store.list()).filter((job) => this.#mayRead(job, by));
  }

  /** Throws `not_found`, also for a job of which the caller may not read the source. */
  async get(id: string, by: Caller): Promise<CopyJob> {
    const job = await this.#deps.store.get(id);
    if (job === undefined || !this.#mayRead(job, by)) {
      throw new Failure("not_found", `There is no copy "${id}"`);
    }
    return job;
  }

  /** Throws `conflict` where the job has ended, `overloaded` where a failed one would be one too many. */
  async change(
    id: string,
    to: { readonly state: "running" | "paused" | "cancelled"; readonly rate?: number | undefined },
    by: Caller,
  ): Promise<CopyJob> {
    const job = await this.get(id, by);
    this.#requireRights(job, by);
    const { store, logger } = this.#deps;
    if (job.state === "failed" && to.state !== "cancelled") {
      requireRoom(`Cannot change copy "${id}" to ${to.state}`, await store.list());
    }
    if (!(await store.change(id, changeable, to))) {
      const { state } = await this.get(id, by);
      throw new Failure(
        "conflict",
        `Cannot change copy "${id}" to ${to.state}: it is ${state}, expected one that has not ended`,
      );
    }
    audit(logger, by, { action: "change", kind: "copy", name: id, fields: { state: to.state } });
    return await this.get(id, by);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #requireRights(
    { source, target, filter }: Pick<CopyRequest, "source" | "target" | "filter">,
    by: Caller,
  ): void {
    this.#deps.rules.requireRead(source, filter.key, by);
    this.#deps.rules.require(target, "append", by);
  }

  #mayRead({ source, filter }: CopyJob, by: Caller): boolean {
    try {
      this.#deps.rules.requireRead(source, filter.key, by);
      return true;
    } catch {
      // Without the right to read, the job does not exist for this caller.
      return false;
    }
  }

  async #range({
    source,
    after,
    until,
  }: CopyRequest): Promise<{ readonly after: Position; readonly until: Position }> {
    const { start, end } = await this.#deps.log.bounds(source);
    return { after: after === "earliest" ? start : after, until: until ?? end };
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#deps;
    try {
      for (const { id } of await store.running()) {
        if (!this.#running.has(id) && !this.#stop.signal.aborted) this.#run(id);
      }
      if (this.#looks++ % pruneEveryLooks === 0) await store.prune();
    } catch (error) {
      logger("debug", "copy jobs could not be read", { reason: failureFrom(error).message });
    }
  }

  #run(id: string): void {
    const { ownership, clock, logger } = this.#deps;
    const { signal } = this.#stop;
    const task = new OwnedTask(
      { name: `copy/${id}`, task: "copy", fields: { copy: id }, ownership, clock, logger, signal },
      ({ stop }) => this.#work(id, stop),
    );
    this.#running.set(id, task);
    void task.done.then(() => this.#running.delete(id));
  }

  async #work(id: string, stop: AbortSignal): Promise<"done" | void> {
    const { store, principals } = this.#deps;
    const job = await store.get(id);
    if (job?.state !== "running") return "done";
    const by = job.creator === undefined ? openCaller : principals.current(job.creator);
    try {
      if (by === undefined) {
        throw new Failure("forbidden", "The credential of the job's creator has ended");
      }
      this.#requireRights(job, by);
      if (!(await sendRecords(this.#deps, job, by, stop))) return undefined;
      await store.end(id, "done");
      return "done";
    } catch (error) {
      const failure = failureFrom(error);
      if (!isFinal(failure)) throw error;
      await store.end(id, "failed", failure.message);
      return "done";
    }
  }
}

/** Jobs past the number of those that a node works on would wait behind the others without end. */
function requireRoom(action: string, all: readonly CopyJob[]): void {
  const open = all.filter(({ state }) => state === "running" || state === "paused").length;
  if (open < runningMax) return;
  throw new Failure(
    "overloaded",
    `${action}: there are ${open} jobs that have not ended, expected fewer than ${runningMax}`,
  );
}

/**
 * Some records of a topic may be sent to it again; all of them would only make it twice as long. Either
 * way the job ends: what it sends comes behind its end, which is fixed when it is created.
 */
function requireSelection({ source, target, after, until, filter }: CopyRequest): void {
  const isAll = after === "earliest" && until === undefined && Object.keys(filter).length === 0;
  if (source !== target || !isAll) return;
  throw invalidField(
    "/to",
    `Cannot send all records of topic "${source}" to itself: expected another topic, or some of its records, by key, where, text, after or until`,
  );
}

/** Whether trying again cannot help: somebody has to change something first. */
function isFinal({ code }: Failure): boolean {
  return ["forbidden", "unauthenticated", "not_found", "position_gone", "invalid"].includes(code);
}
