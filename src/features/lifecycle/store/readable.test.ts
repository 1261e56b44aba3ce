/** What a caller may not read is not named by `next` either. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { callerWith } from "../../../../test/support/callers.ts";
import {
  anything,
  app,
  event,
  filled,
  openLifecycleRig,
  stored,
} from "../../../../test/support/lifecycles.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { createMemoryLog } from "../../../log/memory/memory-log.ts";
import { LifecycleQueries } from "../lifecycle-queries.ts";
import { compareTexts, type LifecycleQuery, type LifecycleStore } from "../lifecycle.ts";
import { createPrefixList } from "./prefix.ts";

let rig: Awaited<ReturnType<typeof openLifecycleRig>>;
beforeAll(async () => {
  rig = await openLifecycleRig();
}, 60_000);
afterAll(() => rig.close());

function queriesOf(store: LifecycleStore): LifecycleQueries {
  return new LifecycleQueries({ log: createMemoryLog({ clock }), store, clock });
}

/** The ids of all pages of the list, and each `next`. */
async function pagesOf(
  queries: LifecycleQueries,
  grants: string,
  query: { readonly q?: string; readonly limit: number },
) {
  const ids: string[] = [];
  const nexts: string[] = [];
  let after: string | undefined;
  do {
    const { apps, next } = await queries.listApps({ ...query, after }, callerWith(grants));
    ids.push(...apps.map(({ appId }) => appId));
    if (next !== null) nexts.push(next);
    after = next ?? undefined;
  } while (after !== undefined);
  return { ids, nexts };
}

test("apps that may be read are listed in full pages, however many others lie between them", async () => {
  const { store, target, at } = await rig.emptied();
  await target.skip(undefined, at);
  // More than a list with `q` looks at.
  await rig.database.sql`
    insert into lifecycle_apps (app_id, expected)
    select 'm-' || lpad(n::text, 5, '0'), '{}' from generate_series(1, 21000) n`;
  await store.setApp(app("z-last", []));
  const first = event("a-first", "one", "SENT", 0);
  await target.commit([stored(1, first)], at, { ...at, sequence: 1 });
  const queries = queriesOf(store);
  const grants = "read app:a-first, read app:z-*";
  const own = ["a-first", "z-last"];
  for (const q of [{}, { q: "ST" }]) {
    expect(await pagesOf(queries, grants, { ...q, limit: 10 })).toEqual({ ids: own, nexts: [] });
    const nexts = ["a-first"];
    expect(await pagesOf(queries, grants, { ...q, limit: 1 })).toEqual({ ids: own, nexts });
  }
  // Where none matches for long, the page ends early, with an app that may be read.
  const { apps, next } = await queries.listApps({ q: "last", limit: 10 }, callerWith("read app:*"));
  expect(apps).toEqual([]);
  expect(next).toMatch(/^m-\d{5}$/);
});

test("apps of names and of beginnings of names, with settings, lifecycles or both, are found in order", async () => {
  const { store, target, at } = await rig.emptied();
  await target.skip(undefined, at);
  const seed = 20_261_129;
  const random = seededRandom(seed);
  const name = () =>
    Array.from({ length: 1 + random.int(4) }, () => ["a", "b", "é", "_", "Z"][random.int(5)]).join(
      "",
    );
  const seen = Array.from({ length: 150 }, name);
  const records = seen.map((appId, i) => stored(i + 1, event(appId, `m-${i}`, "SENT", i)));
  await target.commit(records, at, { ...at, sequence: records.length });
  const set = Array.from({ length: 50 }, name);
  for (const appId of set) await store.setApp(app(appId, []));
  const all = [...new Set([...seen, ...set])].toSorted(compareTexts);
  const queries = queriesOf(store);
  for (let round = 0; round < 40; round++) {
    const names = Array.from({ length: 1 + random.int(5) }, () =>
      random.chance(0.5) ? name() : `${name()}*`,
    );
    const grants = names.map((one) => `read app:${one}`).join();
    const by = callerWith(grants);
    const ids = all.filter((appId) => by.may("read", "app", appId));
    for (const query of [{ limit: 3 }, { limit: 1000 }, { q: "", limit: 3 }]) {
      const found = await pagesOf(queries, grants, query);
      expect({ seed, grants, ids: found.ids }).toEqual({ seed, grants, ids });
      expect(found.nexts.filter((next) => !ids.includes(next))).toEqual([]);
    }
  }
});

test("the cursor of a search by the beginning of the id is of an app that may be read", async () => {
  const { store } = await filled(rig);
  // A page looks at fewer rows than there are between those that match.
  const listByPrefix = createPrefixList(rig.database, 13);
  const queries = queriesOf({ ...store, listByPrefix });
  for (const [grants, appId, event] of [
    ["read app:strict", undefined, undefined],
    ["read app:strict", "strict", "sent"],
    ["read app:str*, read app:free", "free", "sent"],
    ["read app:*", "free", "sent"],
  ] as const) {
    const by = callerWith(grants);
    const found: string[] = [];
    const named = new Set<string>();
    let after: LifecycleQuery["after"];
    do {
      const query = { ...anything, idPrefix: "m-", appId, event, limit: 17, after };
      const { lifecycles, next } = await queries.list(query, by);
      found.push(...lifecycles.map((one) => one.messageId));
      after = next;
      if (next !== undefined) named.add(next.appId);
    } while (after !== undefined);
    const wanted = await store.list(
      { ...anything, appId: appId ?? "strict", event },
      clock.nowNs(),
    );
    expect(found).toEqual(wanted.map((one) => one.messageId).toSorted(compareTexts));
    expect([...named].filter((one) => !by.may("read", "app", one))).toEqual([]);
    expect(named.size).toBeGreaterThan(0);
  }
});
