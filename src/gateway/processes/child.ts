/** One process as its parent sees it: started, restarted when it dies, queried. */

import { type ChildProcess, spawn } from "node:child_process";
import { systemClock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { BackOff } from "../../core/retry.ts";
import type { Answer, Assignment, FromChild, FromParent, Query } from "./messages.ts";

export interface ChildOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly assignment: Assignment;
  readonly logger: Logger;
  /** Answers what a process gathers from all of them. */
  readonly gather: (query: Query) => Promise<readonly Answer[]>;
}

export interface Ready {
  readonly url: string;
  readonly grpcUrl: string;
}

const restartMs = { first: 100, most: 5000 };
/** A process that ran this long did not fail to start: its next restart is quick again. */
const steadyMs = 30_000;
const answerMs = 1000;

export class Child {
  readonly #options: ChildOptions;
  readonly #backOff = new BackOff(systemClock, restartMs);
  readonly #stopping = new AbortController();
  readonly #answers = new Map<number, (value: unknown) => void>();
  #process: ChildProcess | undefined;
  #ended: Promise<number> = Promise.resolve(0);
  #restarts = 0;
  #lastId = 0;
  #isReady = false;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  /** Resolves once it is ready for the first time; rejects with what it reports where it cannot start. */
  start(): Promise<Ready> {
    return this.#launch();
  }

  /** From now on its end is followed by a restart. */
  async supervise(): Promise<void> {
    const { signal } = this.#stopping;
    const { logger, assignment } = this.#options;
    while (!signal.aborted) {
      const since = performance.now();
      const code = await this.#ended;
      if (signal.aborted) return;
      if (performance.now() - since > steadyMs) this.#backOff.reset();
      const fields = { process: assignment.index, code, retry_ms: this.#backOff.nextMs };
      logger("error", "a process of this gateway ended; restarting it", fields);
      await this.#backOff.wait(signal);
      if (signal.aborted) return;
      this.#restarts++;
      await this.#launch().then(
        () => logger("info", "the process is ready again", { process: assignment.index }),
        // Its end is what the loop waits for.
        (error: unknown) =>
          logger("error", "the process does not start", {
            process: assignment.index,
            reason: error instanceof Error ? error.message : String(error),
          }),
      );
    }
  }

  /** Undefined where it does not answer. */
  async query(query: Query): Promise<Answer | undefined> {
    const child = this.#process;
    if (child === undefined || !this.#isReady) return undefined;
    const id = ++this.#lastId;
    const value = await new Promise<unknown>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), answerMs);
      this.#answers.set(id, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.#send({ kind: "query", id, query });
    });
    this.#answers.delete(id);
    if (value === undefined) return undefined;
    const { index } = this.#options.assignment;
    return { index, pid: child.pid ?? 0, restarts: this.#restarts, value };
  }

  /** It is not restarted any more. Resolves to its exit code. */
  drain(withGrace: boolean): Promise<number> {
    this.#stopping.abort();
    this.#send({ kind: "drain", withGrace });
    return this.#ended;
  }

  kill(): void {
    this.#stopping.abort();
    this.#process?.kill("SIGKILL");
  }

  #launch(): Promise<Ready> {
    const { command, assignment } = this.#options;
    const [file = "", ...args] = command;
    // Its own session: Ctrl-C in a terminal reaches the parent alone, which drains all together.
    const child = spawn(file, args, {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      detached: true,
    });
    this.#process = child;
    this.#isReady = false;
    this.#ended = new Promise((resolve) => {
      child.once("error", () => resolve(-1));
      child.once("exit", (code) => resolve(code ?? -1));
    });
    const ended = this.#ended;
    return new Promise((resolve, reject) => {
      let why = "it ended before it was ready";
      child.on("message", (message: FromChild) => {
        if (message.kind === "ready") {
          this.#isReady = true;
          resolve(message);
        } else if (message.kind === "failed") why = message.message;
        else this.#take(child, message);
      });
      void ended.then(() => {
        if (this.#process === child) this.#isReady = false;
        reject(new Error(why));
      });
      child.send({ kind: "start", assignment } satisfies FromParent);
    });
  }

  #take(child: ChildProcess, message: Extract<FromChild, { kind: "answer" | "gather" }>): void {
    if (message.kind === "answer") return this.#answers.get(message.id)?.(message.value);
    const { id, query } = message;
    void this.#options.gather(query).then((answers) => {
      if (this.#process === child) this.#send({ kind: "gathered", id, answers });
    });
  }

  #send(message: FromParent): void {
    if (this.#process?.connected === true) this.#process.send(message);
  }
}
