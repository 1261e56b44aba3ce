/** Everything that uses the gateway during a soak. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { request } from "../../src/cli/gateway/request.ts";
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { Failure, failureFrom } from "../../src/core/failure.ts";
import { mainPath } from "../program.ts";
import { Deliveries, ResumingSubscriber } from "./subscriber.ts";

export interface SoakLoad {
  readonly subscribers: number;
  /** Time after which each subscriber closes its connection and resumes. */
  readonly reconnectSeconds: number;
  /** Events a second that all subscribers receive. */
  readonly events: number;
  readonly measurements: number;
  /** Lifecycle events a second. */
  readonly lifecycle: number;
  /** Watches that stream biometrics over gRPC. */
  readonly watches: number;
}

const emitter = "soak";
const padding = "x".repeat(150);

export class RunningLoad implements AsyncDisposable {
  readonly deliveries = new Deliveries();
  readonly #stop = new AbortController();
  readonly #simulators: Simulator[];
  readonly #subscribers: ResumingSubscriber[];
  readonly #published: Promise<void>;
  #failure: Failure | undefined;

  private constructor(url: string, load: SoakLoad) {
    const { subscribers, reconnectSeconds } = load;
    const everyMs = reconnectSeconds * 1000;
    this.#simulators = simulatorsOf(url, load);
    this.#subscribers = Array.from({ length: subscribers }, (_, i) => {
      const delayMs = (everyMs * i) / subscribers;
      return new ResumingSubscriber(`${url}/sse/log/${emitter}`, this.deliveries, everyMs, delayMs);
    });
    this.#published = this.#publish(url, load.events).catch((error: unknown) => {
      this.#failure = failureFrom(error);
    });
  }

  static async start(url: string, load: SoakLoad): Promise<RunningLoad> {
    await request(url, "PUT", `/log/${emitter}`, { source: "external" });
    return new RunningLoad(url, load);
  }

  /** Throws what ended a part of the load. */
  requireRunning(): void {
    if (this.#failure !== undefined) throw this.#failure;
    for (const simulator of this.#simulators) simulator.requireRunning();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const subscriber of this.#subscribers) subscriber.stop();
    await Promise.all(this.#simulators.map((simulator) => simulator.stop()));
    await this.#published;
  }

  async #publish(url: string, rate: number): Promise<void> {
    const startMs = performance.now();
    for (let n = 0; !this.#stop.signal.aborted; n++) {
      const waitMs = startMs + (n / rate) * 1000 - performance.now();
      if (waitMs > 0) await sleep(clock, waitMs, this.#stop.signal);
      await request(url, "POST", `/log/${emitter}`, { n, padding });
    }
  }
}

/** Each is a process: what it costs is not part of the gateway's or the subscribers'. */
function simulatorsOf(url: string, { measurements, lifecycle, watches }: SoakLoad): Simulator[] {
  const kinds = [
    { rate: measurements, args: ["measurements", "--rate", String(measurements)] },
    { rate: lifecycle, args: ["lifecycles", "--rate", String(lifecycle)] },
    { rate: watches, args: ["watch", "--watches", String(watches)] },
  ];
  return kinds.filter(({ rate }) => rate > 0).map(({ args }) => new Simulator(url, args));
}

class Simulator {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #isOver = false;
  #said = "";

  constructor(url: string, args: readonly string[]) {
    this.#name = `simulate ${args[0]}`;
    this.#child = spawn(process.execPath, [mainPath, "simulate", ...args, "--url", url], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.#said = (this.#said + data.toString()).slice(-2000);
    });
    this.#exited = new Promise((resolve) => {
      const over = () => {
        this.#isOver = true;
        resolve();
      };
      this.#child.once("exit", over);
      this.#child.once("error", over);
    });
  }

  requireRunning(): void {
    if (!this.#isOver) return;
    throw new Failure("unavailable", `Cannot measure: ${this.#name} has ended:\n${this.#said}`);
  }

  async stop(): Promise<void> {
    if (!this.#isOver) this.#child.kill("SIGTERM");
    await this.#exited;
  }
}
