/**
 * The log of one simulated cluster instance: it boots, then serves traffic, with retries, slow
 * requests, garbage collection, cron jobs and now and then a rolling restart. Line n is made from
 * the guest's id and n alone, so that the next node to run it continues with n + 1.
 */

import { bootLines } from "./boot.ts";
import { instanceOf, type Line } from "./instance.ts";
import { restartLines, steadyLine } from "./traffic.ts";

export interface Guest {
  readonly id: string;
  /** Line n, from 1, as JSON; its last field is `n`. */
  event(n: number, timeMs: number): string;
}

export function createGuest(id: string): Guest {
  const instance = instanceOf(id);
  // A deployment comes every 20 to 60 minutes at two lines a second, at another time for each.
  const cycle = 2400 + (instance.seed % 4800);
  const head = `,"host":"${instance.host}","process":"`;

  function line(n: number): Line {
    const boot = bootLines[n - 1];
    if (boot !== undefined) return boot(instance, n);
    const at = n - bootLines.length;
    const release = Math.floor(at / cycle);
    const restart = release > 0 ? restartLines[at % cycle] : undefined;
    return restart === undefined ? steadyLine(instance, n, release) : restart(instance, n, release);
  }

  return {
    id,
    event(n, timeMs) {
      const [level, process, pid, message] = line(n);
      const timestamp = new Date(timeMs).toISOString();
      return `{"timestamp":"${timestamp}","level":"${level}"${head}${process}","pid":${pid},"message":"${message}","n":${n}}`;
    },
  };
}
