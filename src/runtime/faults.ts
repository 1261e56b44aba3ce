/** What a runtime, or a library in it, reports about the process: the same in all runtimes. */

import process from "node:process";

/** Calls back instead of printing the warning, which is not a line of the log. */
export function onWarning(callback: (warning: Error) => void): void {
  process.removeAllListeners("warning");
  process.on("warning", callback);
}

/** Calls back with an error that no code caught: the process is in an unknown state, and must exit. */
export function onUncaught(callback: (error: unknown) => void): void {
  process.on("uncaughtException", callback);
  process.on("unhandledRejection", callback);
}
