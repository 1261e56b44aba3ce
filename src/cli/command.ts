/** What a command of the command line is. */
import type { Runtime } from "../runtime/runtime.ts";

export interface Command {
  /** One line for `sluice help`. */
  readonly summary: string;
  /** Shown by `sluice <command> --help` and after a wrong argument. */
  readonly usage: string;
  run(runtime: Runtime, args: readonly string[]): Promise<void>;
}

/** A wrong argument: its message is shown, then the command's usage. */
export class UsageError extends Error {}
