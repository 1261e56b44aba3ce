/** The gateway of a soak, and a look into its heap. */

import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import type { Environment } from "../../src/runtime/runtime.ts";
import { type LogChoice, mainPath, type Program, startOnLog } from "../program.ts";
import { type Heap, heapFileVariable } from "./heap-probe.ts";

export interface SoakGateway extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** Collects the garbage of the gateway and counts what is left. Throws `unavailable`. */
  heap(): Promise<Heap>;
  ended(): string | undefined;
}

const probePath = fileURLToPath(new URL("heap-probe.ts", import.meta.url));
const heapMsMax = 30_000;
const lookMs = 50;

export async function startSoakGateway(
  environment: Environment,
  log: LogChoice,
): Promise<SoakGateway> {
  const file = join(tmpdir(), `sluice-bench-heap-${crypto.randomUUID()}.json`);
  const program = await startOnLog(
    ["--preload", probePath, mainPath, "serve"],
    { ...environment, [heapFileVariable]: file },
    log,
    "sluice ready",
  );
  const { pid, urls, ended, stop } = program;
  const [url] = urls;
  if (pid === undefined || url === undefined) {
    await stop();
    throw new Failure("unavailable", "Cannot measure: the gateway's ready line has no address");
  }
  return {
    ...{ pid, url, ended },
    heap: () => readHeap(program, pid, file),
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(file, { force: true });
    },
  };
}

async function readHeap({ ended }: Program, pid: number, file: string): Promise<Heap> {
  await rm(file, { force: true });
  process.kill(pid, "SIGUSR2");
  for (let waitedMs = 0; waitedMs < heapMsMax && ended() === undefined; waitedMs += lookMs) {
    await sleep(clock, lookMs);
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as Heap;
  }
  throw new Failure(
    "unavailable",
    `Cannot count the gateway's objects: ${ended() ?? `nothing came within ${heapMsMax} ms`}`,
  );
}
