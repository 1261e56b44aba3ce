/** Records of events, and the store and the projection of lifecycles on a new database. */

import { jsonType, type StoredRecord } from "../../src/core/record.ts";
import type { AppSettings, LifecycleQuery } from "../../src/features/lifecycle/lifecycle.ts";
import { createLifecycleStore } from "../../src/features/lifecycle/store/lifecycle-store.ts";
import { createLifecycleProjection } from "../../src/features/lifecycle/store/projection.ts";
import type { Database } from "../../src/postgres/database.ts";
import { openTestStore } from "./store-rig.ts";

export const startNs = 1_795_000_000_000_000_000n;

const utf8 = new TextEncoder();

export async function openLifecycleRig() {
  const rig = await openTestStore();
  return { ...rig, emptied: () => emptied(rig.database) };
}

async function emptied(database: Database) {
  await database.sql`truncate lifecycles, lifecycle_apps`;
  await database.sql`delete from projections where name = 'lifecycle'`;
  await database.sql`update lifecycle_progress set undecodable = 0`;
  return {
    target: createLifecycleProjection(database),
    store: createLifecycleStore(database),
    at: { epoch: 1, sequence: 0, index: 0 },
  };
}

export function stored(sequence: number, value: unknown, receivedNs = startNs): StoredRecord {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return {
    record: {
      value: utf8.encode(text),
      key: "",
      contentType: jsonType,
      schemaId: 0,
      timeNs: receivedNs,
    },
    position: { epoch: 1, sequence, index: 0 },
    receivedNs,
  };
}

function timeText(ms: number): string {
  return new Date(Number(startNs / 1_000_000n) + ms).toISOString();
}

export function event(appId: string, messageId: string, name: string, ms: number) {
  return { app_id: appId, message_id: messageId, event: name, created_at: timeText(ms) };
}

export const anything: LifecycleQuery = {
  appId: undefined,
  state: undefined,
  missing: undefined,
  event: undefined,
  externalId: undefined,
  idPrefix: undefined,
  sinceNs: undefined,
  untilNs: undefined,
  after: undefined,
  limit: 1000,
};

export function app(appId: string, expected: readonly string[], deadlineMs?: number): AppSettings {
  return { appId, expected, deadlineMs, retentionMs: undefined };
}

/** 900 ids of three apps, some of whose events are missing, first events a second apart. */
export async function filled(rig: { emptied: () => ReturnType<typeof emptied> }) {
  const filling = await rig.emptied();
  const { target, store, at } = filling;
  await store.setApp(app("strict", ["created", "sent"], 60_000));
  await store.setApp(app("patient", ["created", "sent"]));
  await target.skip(undefined, at);
  const records: StoredRecord[] = [];
  for (let i = 0; i < 900; i++) {
    const appId = ["strict", "patient", "free"][i % 3] ?? "";
    records.push(stored(records.length + 1, event(appId, `m-${i}`, "created", i * 1000)));
    if (i % 4 > 0) {
      records.push(stored(records.length + 1, event(appId, `m-${i}`, "sent", i * 1000 + 500)));
    }
  }
  await target.commit(records, at, { epoch: 1, sequence: records.length, index: 0 });
  return filling;
}
/** 500 s after the first of them. */
export const filledNs = startNs + 500_000_000_000n;
