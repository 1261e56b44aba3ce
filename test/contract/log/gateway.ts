/**
 * A gateway process for the suite to kill: `bun gateway.ts <module> <config> <topic>`. It appends
 * `<pid>:0`, `<pid>:1`, … one by one and prints each position once it is acknowledged, so that
 * whatever stands in its output has to be in the log.
 */

import { Failure } from "../../../src/core/failure.ts";
import type { LogDriver } from "../../../src/core/log.ts";
import { renderPosition } from "../../../src/core/position.ts";
import { record, sleepMs } from "./suite.ts";

export interface Ack {
  readonly value: string;
  readonly position: string;
}

const [module = "", config = "", topic = ""] = process.argv.slice(2);
const { openNode }: { openNode(config: string): Promise<LogDriver> } = await import(module);
const log = await openNode(config);

for (let i = 0; ; i++) {
  const value = `${process.pid}:${i}`;
  try {
    const { first } = await log.append(topic, [record(value, { key: value })]);
    process.stdout.write(
      `${JSON.stringify({ value, position: renderPosition(first) } satisfies Ack)}\n`,
    );
  } catch (error) {
    // The broker is unavailable: nothing was acknowledged, so nothing is printed.
    if (!(error instanceof Failure) || error.code !== "unavailable") throw error;
    await sleepMs(100);
  }
}
