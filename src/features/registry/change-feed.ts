/** Changes of the registry for many watchers, which share one reader of the store. */

import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { ChangeReader, type ChangeReaderDeps, eventOrTimeout } from "./change-reader.ts";
import { allSubjects, type RegistryChange, type RegistryStore } from "./registry-port.ts";

export interface WatchOptions {
  /** Changes after this revision; undefined: from now on. */
  readonly after: number | undefined;
  /** Only its changes and those of the settings for all subjects; undefined: every change. */
  readonly subject: string | undefined;
  /** Undefined: every change that concerns the subject. */
  readonly isShown?: (change: RegistryChange) => boolean;
}

export interface WatchEvent {
  /** Undefined at first and in heartbeats. */
  readonly change: RegistryChange | undefined;
  /** All changes up to this one that concern the watcher were yielded. */
  readonly revision: number;
}

export interface ChangeFeed {
  /**
   * Ends when `signal` aborts. Throws `invalid` for a revision that does not exist yet, `overloaded`
   * past the bound on watchers.
   */
  watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent>;
  close(): Promise<void>;
}

const heartbeatMs = 15_000;
const watchersMax = 10_000;

export function createChangeFeed(deps: ChangeReaderDeps): ChangeFeed {
  const { store, clock } = deps;
  const reader = new ChangeReader(deps);
  let watchers = 0;
  return {
    async *watch({ after, ...filter }, ended) {
      if (watchers >= watchersMax) {
        throw new Failure(
          "overloaded",
          `Cannot watch: ${watchers} others do, at most ${watchersMax} may`,
        );
      }
      watchers += 1;
      try {
        const start = await startRevision(store, after);
        const signal = AbortSignal.any([ended, reader.closing]);
        yield* follow(reader, clock, start, filter, signal);
      } finally {
        watchers -= 1;
      }
    },
    close: () => reader.close(),
  };
}

async function startRevision(
  store: Pick<RegistryStore, "revision">,
  after: number | undefined,
): Promise<number> {
  // From the store and not from the reader: "from now on" is after everything that was answered.
  const newest = await store.revision();
  if (after === undefined) return newest;
  if (after <= newest) return after;
  throw new Failure(
    "invalid",
    `Cannot watch after revision ${after}: the newest is ${newest}, expected that or an earlier one`,
  );
}

async function* follow(
  reader: ChangeReader,
  clock: Clock,
  start: number,
  { subject, isShown = () => true }: Omit<WatchOptions, "after">,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  let revision = start;
  let sentMs = clock.nowMs();
  yield { change: undefined, revision };
  while (!signal.aborted) {
    const next = reader.moved;
    const changes = await reader.after(revision);
    for (const change of changes) {
      revision = change.revision;
      if (subject !== undefined && ![subject, allSubjects].includes(change.subject)) continue;
      if (!isShown(change)) continue;
      sentMs = clock.nowMs();
      yield { change, revision };
    }
    if (changes.length > 0) continue;
    const restMs = sentMs + heartbeatMs - clock.nowMs();
    if (restMs > 0) await eventOrTimeout(next, restMs, clock, signal);
    else {
      sentMs = clock.nowMs();
      yield { change: undefined, revision };
    }
  }
}
