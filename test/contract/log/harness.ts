import type { LogDriver } from "../../../src/core/log.ts";

/** What the suite needs of a driver. Nothing is started before the first `open`. */
export interface LogHarness {
  /** A fresh node on the same broker; several stand for several gateways. The suite closes them. */
  open(): Promise<LogDriver>;
  /** Makes retention happen now. Without it the suite waits for the broker to do so by itself. */
  trim?(): Promise<void>;
  /** The broker's process. Left out only where there is none. */
  readonly broker?: {
    /** Ends it as a power cut would, without a word to its clients. */
    kill9(): Promise<void>;
    /** Starts it again on the same data; resolves when it accepts connections. */
    start(): Promise<void>;
  };
  /** For the gateway that is killed. Left out only where the log lives in the process. */
  readonly gateway?: {
    /** Absolute path of a module with `export function openNode(config: string): Promise<LogDriver>`. */
    readonly module: string;
    /** Handed to `openNode`; asked for after the first `open`. */
    config(): string;
  };
  cleanup(): Promise<void>;
}
