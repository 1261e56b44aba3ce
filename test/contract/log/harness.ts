import type { LogDriver } from "../../../src/core/log.ts";

/** What the suite needs of a driver. Nothing may start before the first `open`. */
export interface LogHarness {
  /** A new node on the same broker, as of another gateway. The suite closes it. */
  open(): Promise<LogDriver>;
  /** Applies retention now. Without it the suite waits for the broker to do so on its own. */
  trim?(): Promise<void>;
  /** The broker's process. Left out only by drivers without one. */
  readonly broker?: {
    /** Ends it like a power cut, without notifying its clients. */
    kill9(): Promise<void>;
    /** Starts it again on the same data; resolves when it accepts connections. */
    start(): Promise<void>;
  };
  /** For the gateway that is killed. Left out only where the log is in the process. */
  readonly gateway?: {
    /** Absolute path of a module with `export function openNode(config: string): Promise<LogDriver>`. */
    readonly module: string;
    /** The argument of `openNode`; read after the first `open`. */
    config(): string;
  };
  cleanup(): Promise<void>;
}
