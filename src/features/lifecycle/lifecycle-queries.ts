/** Queries of lifecycles: the store's rows, merged with the events that only the log has yet. */

import type { Caller } from "../../core/access/caller.ts";
import type { GrantedNames } from "../../core/access/grant.ts";
import type { Turn } from "../../core/budget/turn.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure, invalidField, quoted } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import { cutList } from "../../core/page.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { eventFromRecord, lifecycleTopic } from "./event.ts";
import {
  type AppPage,
  type AppSettings,
  compareTexts,
  type Funnel,
  funnelMax,
  type FunnelQuery,
  type Lifecycle,
  type LifecycleCursor,
  lifecycleFrom,
  type LifecycleQuery,
  type LifecycleStore,
  mergeLifecycles,
  showLifecycle,
  type ShownLifecycle,
  type SomeLifecycles,
  type StateCounts,
  type StoredQuery,
} from "./lifecycle.ts";
import { type MissingByMinute, missingByMinute, type MissingQuery } from "./missing.ts";

export interface LifecycleQueriesDeps {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly store: LifecycleStore;
  readonly clock: Clock;
}

export interface LifecyclePage {
  readonly lifecycles: readonly ShownLifecycle[];
  /** The `after` of the next page; undefined at the end. */
  readonly next: LifecycleCursor | undefined;
}

/** Apps of one query while those whose ids match are looked for: some 20 ms. */
const walkedApps = 1000;
/** Of one request: some tenths of a second. */
const walksMax = 20;
const hourNs = 3_600_000_000_000n;

export class LifecycleQueries {
  readonly #deps: LifecycleQueriesDeps;

  constructor(deps: LifecycleQueriesDeps) {
    this.#deps = deps;
  }

  /**
   * One lifecycle per app that has the message and that the caller may read, with all events
   * acknowledged before the call.
   */
  async ofMessage(
    messageId: string,
    by: Caller,
    signal?: AbortSignal,
  ): Promise<readonly ShownLifecycle[]> {
    const { store, clock } = this.#deps;
    const kept = await store.ofMessage(messageId);
    const isRead = ({ appId }: Lifecycle) => by.may("read", "app", appId);
    const byApp = new Map(kept.lifecycles.filter(isRead).map((one) => [one.appId, one]));
    for await (const fresh of this.#afterRows(messageId, kept.through, signal)) {
      if (!isRead(fresh)) continue;
      const known = byApp.get(fresh.appId);
      byApp.set(fresh.appId, known === undefined ? fresh : mergeLifecycles(known, fresh));
    }
    const apps = await store.apps([...byApp.keys()]);
    const nowNs = clock.nowNs();
    return [...byApp.values()]
      .toSorted((a, b) => compareTexts(a.appId, b.appId))
      .map((one) => showLifecycle(one, apps.get(one.appId), nowNs));
  }

  /**
   * From rows only: an event acknowledged a moment ago may still be missing. Of all apps that the
   * caller may read, where the query names none.
   */
  async list(query: LifecycleQuery, by: Caller): Promise<LifecyclePage> {
    const { store, clock } = this.#deps;
    const nowNs = clock.nowNs();
    if (query.appId !== undefined) by.require("read", "app", query.appId);
    // A cursor of `idPrefix` may name any row that was looked at, of another app than `appId` as well.
    const isOfOne = query.appId !== undefined && query.idPrefix === undefined;
    const names = isOfOne ? undefined : readableApps(by);
    const { lifecycles: page, next } = await this.#find({ ...query, names }, nowNs);
    const apps = await store.apps([...new Set(page.map(({ appId }) => appId))]);
    const shown = page.map((one) => showLifecycle(one, apps.get(one.appId), nowNs));
    return {
      // The states in the rows follow a change of the app's settings late; those shown do not.
      lifecycles: shown.filter(({ state }) => query.state === undefined || state === query.state),
      next,
    };
  }

  async #find(query: StoredQuery, nowNs: bigint): Promise<SomeLifecycles> {
    const { store } = this.#deps;
    const { idPrefix } = query;
    if (idPrefix !== undefined) return await store.listByPrefix({ ...query, idPrefix }, nowNs);
    const found = await store.list(query, nowNs);
    const { items: lifecycles, last: next } = cutList(found, query.limit);
    return { lifecycles, next };
  }

  /** From rows only, as `list`. */
  async states(appId: string): Promise<StateCounts> {
    return await this.#deps.store.states(appId, this.#deps.clock.nowNs());
  }

  /**
   * Which stages an app's messages lack, by minute; the last hour, where the query names no time. From
   * rows only, as `list`.
   */
  async missing(
    query: { readonly appId: string } & Partial<MissingQuery>,
    turn: Pick<Turn, "requireCaller">,
  ): Promise<MissingByMinute> {
    const { appId, stages = (await this.app(appId)).expected } = query;
    const untilNs = query.untilNs ?? this.#deps.clock.nowNs();
    const sinceNs = query.sinceNs ?? untilNs - hourNs;
    return await missingByMinute(this.#deps.store, { appId, stages, sinceNs, untilNs }, turn);
  }

  async funnel(
    query: Omit<FunnelQuery, "stages" | "max"> & { stages?: readonly string[] },
  ): Promise<Funnel> {
    const { appId, stages = (await this.app(appId)).expected } = query;
    if (stages.length === 0) {
      throw invalidField(
        "stages",
        `Cannot compute the funnel: app ${quoted(appId)} has no expected events, expected stages`,
      );
    }
    return await this.#deps.store.funnel({ ...query, stages, max: funnelMax });
  }

  /** An app without settings expects no events. */
  async app(appId: string): Promise<AppSettings> {
    const known = (await this.#deps.store.apps([appId])).get(appId);
    return known ?? unset(appId);
  }

  /** Throws `not_found` for an app that has neither settings nor lifecycles. */
  async knownApp(appId: string): Promise<AppSettings> {
    const { store } = this.#deps;
    const [settings, isSeen] = await Promise.all([store.apps([appId]), store.hasLifecycles(appId)]);
    if (settings.has(appId) || isSeen) return await this.app(appId);
    throw new Failure(
      "not_found",
      `Cannot find app ${quoted(appId)}: it has no messages and no settings, expected an event of it or PUT /v1/apps/{app_id}`,
    );
  }

  /**
   * From rows only, as `list`. `q`: only apps whose ids contain it, in any case. `next` is the `after` of
   * the next page, and an app that the caller may read; with `q` there may be fewer than `limit` and a
   * `next`.
   */
  async listApps(
    query: AppPage & { readonly q?: string | undefined },
    by: Caller,
  ): Promise<{
    readonly apps: readonly AppSettings[];
    readonly next: string | null;
  }> {
    const { ids, next } = await this.#appIds(query, by);
    const settings = await this.#deps.store.apps(ids);
    return { apps: ids.map((appId) => settings.get(appId) ?? unset(appId)), next };
  }

  async #appIds(
    { after, q, limit }: AppPage & { readonly q?: string | undefined },
    by: Caller,
  ): Promise<{ readonly ids: readonly string[]; readonly next: string | null }> {
    const { store } = this.#deps;
    const names = readableApps(by);
    if (q === undefined) {
      const { items, last } = cutList(
        await store.appIds({ after, limit: limit + 1, names }),
        limit,
      );
      return { ids: items, next: last ?? null };
    }
    const text = q.toLowerCase();
    const found: string[] = [];
    let at = after;
    for (let walk = 0; walk < walksMax; walk++) {
      const ids = await store.appIds({ after: at, limit: walkedApps, names });
      for (const id of ids) {
        if (!id.toLowerCase().includes(text)) continue;
        if (found.length === limit) return { ids: found, next: found.at(-1) ?? null };
        found.push(id);
      }
      at = ids.at(-1);
      if (ids.length < walkedApps) return { ids: found, next: null };
    }
    return { ids: found, next: at ?? null };
  }

  async setApp(settings: AppSettings): Promise<void> {
    await this.#deps.store.setApp(settings);
  }

  /**
   * Number of log entries that are not projected yet (events, or frames of them, by layout), and of
   * the topic's records that were not events.
   */
  async progress(): Promise<{ readonly behind: number; readonly undecodable: number }> {
    const [{ end, start }, { through, undecodable }] = await Promise.all([
      this.#deps.log.bounds(lifecycleTopic),
      this.#deps.store.progress(),
    ]);
    const from = through?.epoch === end.epoch ? through.sequence : start.sequence;
    return { behind: Math.max(0, end.sequence - from), undecodable };
  }

  async *#afterRows(
    messageId: string,
    through: Position | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Lifecycle> {
    const { log } = this.#deps;
    const { start, end } = await log.bounds(lifecycleTopic);
    // Records that the log has dropped are rows already, or gone.
    const after = through === undefined || comparePositions(through, start) < 0 ? start : through;
    if (comparePositions(after, end) >= 0) return;
    const batches = log.read(lifecycleTopic, {
      after,
      until: end,
      key: messageId,
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const { records } of batches) {
      for (const stored of records) {
        const event = eventFromRecord(stored.record);
        if (event?.messageId === messageId) yield lifecycleFrom(event, stored);
      }
    }
  }
}

/** Undefined: all. */
function readableApps(by: Caller): GrantedNames | undefined {
  return by.mayAll("read", "app") ? undefined : by.names("read", "app");
}

function unset(appId: string): AppSettings {
  return { appId, expected: [], deadlineMs: undefined, retentionMs: undefined };
}
