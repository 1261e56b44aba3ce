/**
 * Changes of the registry as this node learns them: one reader of the store, many watchers. The
 * store calls when something changed; a poll makes a lost call a delay.
 */
import { type Clock, sleep } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { allSubjects, type RegistryChange, type RegistryStore } from "./registry-port.ts";

export interface WatchOptions {
  /** Changes after this revision; undefined: from now on. */
  readonly after: number | undefined;
  /** Only its changes and those of what holds for all; undefined: every change. */
  readonly subject: string | undefined;
}

/** `change` is undefined at first and in heartbeats. Every change up to `revision` was told. */
export interface Told {
  readonly change: RegistryChange | undefined;
  readonly revision: number;
}

export interface ChangeFeed {
  /**
   * Ends when `signal` aborts. Throws `invalid` for a revision that is not there yet, `overloaded`
   * past the bound on watchers.
   */
  watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<Told>;
  close(): Promise<void>;
}

export interface ChangeFeedParts {
  readonly store: Pick<RegistryStore, "revision" | "changesAfter" | "listen">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for each change, once, in order. */
  readonly onChange: (change: RegistryChange) => void;
}

const pollMs = 5000;
const heartbeatMs = 15_000;
/** Of what is kept for watchers; those further back are served from the store. */
const recentMax = 1000;
const pageMax = 500;
const watchersMax = 10_000;

export function createChangeFeed(parts: ChangeFeedParts): ChangeFeed {
  const { store, clock, logger } = parts;
  const closing = new AbortController();
  /** Gapless, as revisions are. */
  let recent: RegistryChange[] = [];
  let revision: number | undefined;
  let watchers = 0;
  let called = Promise.withResolvers<void>();
  let moved = Promise.withResolvers<void>();

  const unlisten = store.listen(() => called.resolve());
  const reading = read();

  async function read(): Promise<void> {
    let away = false;
    while (!closing.signal.aborted) {
      const next = called.promise;
      try {
        await catchUp();
        away = false;
      } catch (error) {
        if (!away) {
          const reason = failureFrom(error).message;
          logger("warn", "Cannot read changes of the registry", { reason });
        }
        away = true;
      }
      await either(next, pollMs, closing.signal);
      called = Promise.withResolvers();
    }
  }

  async function catchUp(): Promise<void> {
    if (revision === undefined) {
      revision = await store.revision();
      wake();
    }
    for (;;) {
      const changes = await store.changesAfter(revision, pageMax);
      const last = changes.at(-1);
      if (last === undefined) return;
      for (const change of changes) parts.onChange(change);
      recent = [...recent, ...changes].slice(-recentMax);
      revision = last.revision;
      wake();
    }
  }

  function wake(): void {
    moved.resolve();
    moved = Promise.withResolvers();
  }

  async function changesAfter(at: number): Promise<readonly RegistryChange[]> {
    const first = recent[0]?.revision ?? Number.POSITIVE_INFINITY;
    if (at + 1 >= first) return recent.slice(at + 1 - first);
    return await store.changesAfter(at, pageMax);
  }

  async function either(event: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const stop = AbortSignal.any([signal, waiting.signal]);
    await Promise.race([event, sleep(clock, ms, stop)]);
    waiting.abort();
  }

  async function start(after: number | undefined): Promise<number> {
    // Asked and not what is known here: "from now on" is after everything that was answered.
    const newest = await store.revision();
    if (after === undefined) return newest;
    if (after <= newest) return after;
    throw new Failure(
      "invalid",
      `Cannot watch after revision ${after}: the newest is ${newest}, expected that or an earlier one`,
    );
  }

  return {
    async *watch({ after, subject }, ended) {
      if (watchers >= watchersMax) {
        throw new Failure(
          "overloaded",
          `Cannot watch: ${watchers} others do, at most ${watchersMax} may`,
        );
      }
      const signal = AbortSignal.any([ended, closing.signal]);
      watchers += 1;
      try {
        let at = await start(after);
        let told = clock.nowMs();
        yield { change: undefined, revision: at };
        while (!signal.aborted) {
          const next = moved.promise;
          const changes = (revision ?? 0) > at ? await changesAfter(at) : [];
          for (const change of changes) {
            at = change.revision;
            if (subject !== undefined && ![subject, allSubjects].includes(change.subject)) continue;
            told = clock.nowMs();
            yield { change, revision: at };
          }
          if (changes.length > 0) continue;
          const restMs = told + heartbeatMs - clock.nowMs();
          if (restMs > 0) await either(next, restMs, signal);
          else {
            told = clock.nowMs();
            yield { change: undefined, revision: at };
          }
        }
      } finally {
        watchers -= 1;
      }
    },

    async close() {
      closing.abort();
      await Promise.all([reading, unlisten()]);
    },
  };
}
