/** One run against one server: subscribers in their own process, the publisher in this one. */

import { type ChildProcess, spawn } from "node:child_process";
import { Failure } from "../../src/core/failure.ts";
import { difference } from "../figures.ts";
import { residentBytes } from "../proc.ts";
import { mainPath } from "../program.ts";
import type { OnProgress } from "../runs.ts";
import { type Usage, usageOf, usageSince } from "../usage.ts";
import type { LoadCommand, LoadPlan, LoadReport, LoadResult } from "./load.ts";
import { publish, type Published, type Schedule } from "./publish.ts";
import type { Server } from "./servers.ts";

export interface Measured extends Usage {
  readonly server: string;
  readonly published: Published;
  /** From the publisher's start to the last delivery. */
  readonly completeSeconds: number;
  readonly load: LoadResult;
  readonly residentBytes: number | undefined;
  readonly bytesPerSubscriber: number | undefined;
}

export interface Idle {
  readonly server: string;
  readonly open: number;
  readonly residentBytes: number | undefined;
  readonly bytesPerSubscriber: number | undefined;
}

export interface Load {
  readonly subscribers: number;
  readonly slow: number;
}

/** Time after which freed memory is returned and the connections are idle. */
function settleMs(subscribers: number): number {
  return Math.min(3_000, 500 + 2.5 * subscribers);
}

/** After so long without a delivery, missing events are lost. */
const stalledMs = 10_000;

export async function measure(
  server: Server,
  load: Load,
  schedule: Schedule,
  onProgress: OnProgress,
): Promise<Measured> {
  const empty = memory(server);
  await using subscribers = startSubscribers();
  await openAll(subscribers, server, load, schedule.events, onProgress);
  const idle = memory(server);
  const before = usageOf(server.pid);
  const total = load.subscribers * schedule.events;
  subscribers.onProgress = ({ delivered }) =>
    onProgress(server.name, Math.min(delivered, total - 1), total);
  const published = await publish(server, schedule);
  const endUs = await subscribers.done();
  const used = usageSince(before, usageOf(server.pid));
  const after = memory(server);
  subscribers.onProgress = () => {};
  const result = await subscribers.finish();
  onProgress(server.name, total, total);
  return {
    server: server.name,
    published,
    completeSeconds: (endUs - published.startUs) / 1e6,
    load: result,
    ...used,
    residentBytes: after,
    bytesPerSubscriber: each(difference(idle, empty), load),
  };
}

/** Opens subscribers and measures their memory while nothing happens. */
export async function measureIdle(
  server: Server,
  load: Load,
  onProgress: OnProgress,
): Promise<Idle> {
  const before = memory(server);
  await using subscribers = startSubscribers();
  await openAll(subscribers, server, load, 0, onProgress);
  const residentBytes = memory(server);
  return {
    server: server.name,
    open: load.subscribers,
    residentBytes,
    bytesPerSubscriber: each(difference(residentBytes, before), load),
  };
}

async function openAll(
  subscribers: Subscribers,
  { address, name }: Server,
  { subscribers: count, slow }: Load,
  events: number,
  onProgress: OnProgress,
): Promise<void> {
  const total = count + slow;
  subscribers.onProgress = ({ open }) =>
    onProgress(`${name}: subscribing`, Math.min(open, total - 1), total);
  const { open, why } = await subscribers.open({
    kind: "open",
    address,
    subscribers: count,
    slow,
    events,
  });
  subscribers.onProgress = () => {};
  onProgress(`${name}: subscribing`, total, total);
  if (open < total) {
    throw new Failure(
      "unavailable",
      `Cannot measure: ${total - open} of ${total} subscribers were refused: ${why}`,
    );
  }
  await sleep(settleMs(total));
}

/** The subscribers' process, as promises. */
class Subscribers implements AsyncDisposable {
  onProgress: (report: Extract<LoadReport, { kind: "progress" }>) => void = () => {};
  readonly #child: ChildProcess;
  readonly #gone: Promise<never>;
  readonly #opened = Promise.withResolvers<Extract<LoadReport, { kind: "opened" }>>();
  readonly #result = Promise.withResolvers<LoadResult>();
  #last: Extract<LoadReport, { kind: "progress" }> | undefined;
  #movedMs = Date.now();

  constructor(child: ChildProcess) {
    this.#child = child;
    const gone = Promise.withResolvers<never>();
    this.#gone = gone.promise;
    // Waiting callers get the rejection; there may not be one.
    this.#gone.catch(() => {});
    child.once("exit", (code) =>
      gone.reject(new Failure("internal", `The subscribers' process ended with ${code}`)),
    );
    child.on("message", (report: LoadReport) => this.#hear(report));
  }

  open(plan: LoadPlan): Promise<Extract<LoadReport, { kind: "opened" }>> {
    this.#tell(plan);
    return Promise.race([this.#opened.promise, this.#gone]);
  }

  /** Resolves to the time of the last event, once every subscriber has everything or is closed, or events have stalled. */
  async done(): Promise<number> {
    this.#movedMs = Date.now();
    while (this.#last?.isDone !== true && Date.now() - this.#movedMs < stalledMs) {
      await Promise.race([sleep(20), this.#gone]);
    }
    return this.#last?.atUs ?? 0;
  }

  finish(): Promise<LoadResult> {
    this.#tell({ kind: "finish" });
    return Promise.race([this.#result.promise, this.#gone]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null) return resolve();
      this.#child.once("exit", () => resolve());
      this.#child.kill("SIGKILL");
    });
  }

  #hear(report: LoadReport): void {
    if (report.kind === "opened") this.#opened.resolve(report);
    else if (report.kind === "result") this.#result.resolve(report);
    else {
      if (report.delivered !== this.#last?.delivered) this.#movedMs = Date.now();
      this.#last = report;
      this.onProgress(report);
    }
  }

  #tell(command: LoadCommand): void {
    this.#child.send(command);
  }
}

function startSubscribers(): Subscribers {
  const args = [mainPath, "bench", "load"];
  return new Subscribers(
    spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] }),
  );
}

function memory({ pid }: Server): number | undefined {
  return pid === undefined ? undefined : residentBytes(pid);
}

function each(bytes: number | undefined, { subscribers, slow }: Load): number | undefined {
  return bytes === undefined ? undefined : bytes / (subscribers + slow);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
