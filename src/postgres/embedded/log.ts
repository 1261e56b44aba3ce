/**
 * The server's log, `<dataDir>/postgres.log`: a file rather than a pipe, so that a server that outlives
 * its gateway can still write. The gateway reads what is added, passes on what matters and keeps the
 * file bounded.
 */

import { copyFile, open, stat, truncate } from "node:fs/promises";
import type { Logger, LogLevel } from "../../core/logger.ts";
import { lossyTextFromUtf8 } from "../../core/utf8.ts";

export interface ServerLine {
  readonly severity: "WARNING" | "FATAL" | "PANIC";
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

export const serverLogPrefix = "%m [%p] %e ";
const linePattern = /^\S+ \S+ \S+ \[\d+\] ([0-9A-Z]{5}) +(WARNING|FATAL|PANIC): +(.*)$/;

const levels: Record<ServerLine["severity"], LogLevel> = {
  WARNING: "warn",
  FATAL: "warn",
  PANIC: "error",
};
const pollMs = 1000;
const logBytesMax = 16 * 1024 * 1024;
/** A server in trouble writes the same line thousands of times; the file contains them all. */
const linesPerPollMax = 20;
const readBytesMax = 256 * 1024;

/** The lines that report trouble. Those of failed statements (ERROR) are left out: their client gets the error. */
export function parseServerLog(text: string): ServerLine[] {
  return text.split("\n").flatMap((line) => {
    const [, code, severity, message] = linePattern.exec(line) ?? [];
    if (code === undefined || message === undefined) return [];
    if (severity !== "WARNING" && severity !== "FATAL" && severity !== "PANIC") return [];
    return [{ severity, code, message }];
  });
}

/** The file from byte `from` on, at most `readBytesMax` of it. */
export async function readServerLog(path: string, from: number): Promise<string> {
  const handle = await open(path, "r");
  try {
    const buffer = new Uint8Array(readBytesMax);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
    return lossyTextFromUtf8(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

export async function serverLogSize(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** Passes new lines on to `log` until it is stopped. */
export async function followServerLog(path: string, log: Logger): Promise<() => void> {
  let offset = await serverLogSize(path);
  let reading = false;
  const poll = async () => {
    const size = await serverLogSize(path);
    if (size < offset) offset = 0;
    if (size > offset) {
      const lines = parseServerLog(await readServerLog(path, offset));
      offset = size;
      for (const { severity, code, message } of lines.slice(0, linesPerPollMax)) {
        log(levels[severity], `embedded PostgreSQL: ${message}`, { severity, sqlstate: code });
      }
      if (lines.length > linesPerPollMax) {
        log("warn", "embedded PostgreSQL: more lines are in its log", {
          lines: lines.length - linesPerPollMax,
          path,
        });
      }
    }
    if (size > logBytesMax) {
      // The server has the file open for appending, so it is truncated and not renamed.
      await copyFile(path, `${path}.1`);
      await truncate(path, 0);
      offset = 0;
    }
  };
  const timer = setInterval(() => {
    if (reading) return;
    reading = true;
    poll()
      .catch((error: unknown) =>
        log("warn", "cannot read the log of the embedded PostgreSQL", {
          path,
          error: String(error),
        }),
      )
      .finally(() => (reading = false));
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}
