/**
 * File descriptors: each connection takes one, and a process without any spins at full load, because it
 * can neither accept a connection nor refuse it. So this node stops accepting before the last ones are
 * used, which the log, the store and new files need.
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { OpenFiles } from "../runtime/runtime.ts";

/** Descriptors that connections may not take, or a tenth where the limit is low. */
const reserve = 200;

/** While a quarter of the descriptors is used: the reserve must last until the next look. */
const checkMs = 50;
/** Below it: the three quarters last for longer than this. */
const quietMs = 500;

export interface Accepting {
  /** Stops or resumes accepting connections; those that are open stay. */
  accept(isOpen: boolean): void;
}

export interface OpenFilesDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: the system does not report them. */
  readonly openFiles: () => OpenFiles | undefined;
  readonly listeners: readonly Accepting[];
}

export interface OpenFilesStatus {
  readonly openFiles: number | null;
  readonly openFilesMax: number | null;
  readonly accepting: boolean;
  /** Times that this node has stopped accepting connections. */
  readonly stops: number;
}

export class OpenFilesGuard {
  readonly #deps: OpenFilesDeps;
  #isAccepting = true;
  #stops = 0;
  #cancel: (() => void) | undefined;

  constructor(deps: OpenFilesDeps) {
    this.#deps = deps;
    this.#check();
  }

  status(): OpenFilesStatus {
    const files = this.#deps.openFiles();
    return {
      openFiles: files?.open ?? null,
      openFilesMax: files?.max ?? null,
      accepting: this.#isAccepting,
      stops: this.#stops,
    };
  }

  close(): void {
    this.#cancel?.();
  }

  #check(): void {
    const { clock, openFiles } = this.#deps;
    const files = openFiles();
    if (files === undefined) return;
    const kept = Math.min(reserve, Math.ceil(files.max / 10));
    if (this.#isAccepting && files.open > files.max - kept) this.#accept(false, files);
    // Only once there is room for many: each change closes idle connections.
    else if (!this.#isAccepting && files.open < files.max - kept * 2) this.#accept(true, files);
    const isQuiet = files.open < files.max / 4;
    this.#cancel = clock.after(isQuiet ? quietMs : checkMs, () => this.#check());
  }

  #accept(isOpen: boolean, { open, max }: OpenFiles): void {
    const { logger, listeners } = this.#deps;
    this.#isAccepting = isOpen;
    if (!isOpen) this.#stops++;
    for (const listener of listeners) listener.accept(isOpen);
    logger(
      isOpen ? "info" : "warn",
      isOpen
        ? "accepting connections again"
        : "file descriptors are nearly used up; accepting no more connections",
      {
        open_files: open,
        open_files_max: max,
      },
    );
  }
}
