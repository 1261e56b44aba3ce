/** Processor time of this process. */

import { cpuUsage } from "node:process";

export function cpuSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}
