/** Log lines as JSON, one object a line: `{"time","level","message",…fields}`. */

import type { Clock } from "../core/clock.ts";
import type { Logger, LogLevel } from "../core/logger.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

/** Writes lines of `lowest` and above, and every audit line; `fields` are on every line. */
export function createJsonLogger(
  write: (line: string) => void,
  clock: Clock,
  lowest: LogLevel,
  fields: Readonly<Record<string, string>>,
): Logger {
  const lowestRank = logLevels.indexOf(lowest);
  return (level, message, more) => {
    if (level !== "audit" && logLevels.indexOf(level) < lowestRank) return;
    const time = new Date(clock.nowMs()).toISOString();
    write(`${JSON.stringify({ time, level, message, ...fields, ...more })}\n`);
  };
}
