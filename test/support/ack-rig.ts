/** Runners of an ack rule in a test, on a real store and a log in memory that fail at random. */

import { Batch } from "../../src/core/batch.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { silent as logger } from "../../src/core/logger.ts";
import type { Owned, Ownership } from "../../src/core/projection.ts";
import { jsonType, type LogRecord, type StoredRecord } from "../../src/core/record.ts";
import { defaultTopicSettings as newTopics } from "../../src/core/topic.ts";
import { outputSettings } from "../../src/features/ack-rules/output.ts";
import type { AckLedgerStore, AckRule, AckRuleConfig } from "../../src/features/ack-rules/rule.ts";
import {
  type AckRunner,
  type AckRunnerOptions,
  runAckRule,
} from "../../src/features/ack-rules/runner.ts";
import { createAckLedger } from "../../src/features/ack-rules/store/ledger.ts";
import { createAckRuleStore } from "../../src/features/ack-rules/store/rule-store.ts";
import { appendOrCreate } from "../../src/ingest/append.ts";
import { createMemoryLog, type MemoryLog } from "../../src/log/memory/memory-log.ts";
import type { Random } from "./random.ts";
import type { StoreRig } from "./store-rig.ts";

export const topics = ["one", "two", "three"];
const config: AckRuleConfig = {
  name: "all",
  places: { topics, id: { pointer: "/message_id" } },
  output: "ack",
  deadlineMs: undefined,
  keepMs: 3_600_000,
  from: "earliest",
};
const decoder = { decode: () => [] };

/** Every node owns every name, so that only the fence in the store keeps owners apart. */
export const careless: Ownership = {
  acquire: async (): Promise<Owned> => ({
    lost: new AbortController().signal,
    release: async () => {},
  }),
};

export function message(id: string): LogRecord {
  const value = new TextEncoder().encode(JSON.stringify({ message_id: id }));
  return { value, key: "", contentType: jsonType, schemaId: 0, timeNs: 0n };
}

export async function makeRule(
  rig: StoreRig,
  given: Partial<AckRuleConfig> = {},
): Promise<AckRule> {
  const made = await createAckRuleStore(rig.database).create({ ...config, ...given }, new Map());
  return made.rule;
}

export async function makeLog(): Promise<MemoryLog> {
  const log = createMemoryLog({ clock });
  for (const topic of topics) await log.create(topic, newTopics);
  return log;
}

async function readAll(log: LogDriver, topic: string): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  const { end } = await log.bounds(topic);
  for await (const batch of log.read(topic, { after: "earliest", until: end })) {
    records.push(...batch.records);
  }
  return records;
}

/** The JSON of the records in the topic; empty when it does not exist. */
export async function jsonOf(log: LogDriver, topic: string) {
  if ((await log.describe(topic)) === undefined) return [];
  const text = new TextDecoder();
  return (await readAll(log, topic)).map(({ record }) => JSON.parse(text.decode(record.value)));
}

interface StartOptions {
  readonly store?: AckLedgerStore;
  readonly limits?: AckRunnerOptions["limits"];
  readonly latest?: () => AckRule;
}

export function started(
  rig: StoreRig,
  log: LogDriver,
  rule: AckRule,
  { store = createAckLedger(rig.database), limits = {}, latest = () => rule }: StartOptions = {},
): { readonly run: AckRunner; stop(): Promise<void> } & AsyncDisposable {
  const ended = new AbortController();
  const run = runAckRule({
    rule,
    log,
    append: (topic, records, options) =>
      appendOrCreate(log, outputSettings(newTopics), topic, Batch.of(records), options),
    store,
    decoder,
    ownership: careless,
    clock,
    logger,
    signal: ended.signal,
    limits,
    latest,
  });
  const stop = async () => {
    ended.abort();
    await run.done;
  };
  return { run, stop, [Symbol.asyncDispose]: stop };
}

/** Fails at random before or after the work, so that the caller cannot know whether it was done. */
async function faulty<T>(random: Random, work: () => Promise<T>): Promise<T> {
  if (random.chance(0.04)) throw new Failure("unavailable", "down before it");
  const done = await work();
  if (random.chance(0.04)) throw new Failure("unavailable", "down after it");
  return done;
}

/** Random numbers with which nothing fails. */
export const calm: Random = { int: () => 0, chance: () => false };

export function faultyStore(store: AckLedgerStore, random: Random): AckLedgerStore {
  return {
    open: (rule) => faulty(random, () => store.open(rule)),
    find: (rule, ids) => faulty(random, () => store.find(rule, ids)),
    due: (rule, ms, limit) => faulty(random, () => store.due(rule, ms, limit)),
    walk: (rule, after, limit) => faulty(random, () => store.walk(rule, after, limit)),
    applyChange: (rule) => faulty(random, () => store.applyChange(rule)),
    commit: (commit) => faulty(random, () => store.commit(commit)),
    outbox: (...given) => faulty(random, () => store.outbox(...given)),
    sent: (sent) => faulty(random, () => store.sent(sent)),
    raiseEpoch: (rule, epoch) => faulty(random, () => store.raiseEpoch(rule, epoch)),
  };
}

export function faultyLog(log: MemoryLog, random: Random): LogDriver {
  return {
    driver: log.driver,
    append: (...given) => faulty(random, () => log.append(...given)),
    read: (...given) => log.read(...given),
    bounds: (topic) => faulty(random, () => log.bounds(topic)),
    positionAt: (...given) => log.positionAt(...given),
    create: (...given) => faulty(random, () => log.create(...given)),
    describe: (topic) => faulty(random, () => log.describe(topic)),
    list: () => log.list(),
    ping: () => log.ping(),
    count: () => log.count(),
    change: (topic, change) => log.change(topic, change),
    remove: (topic) => log.remove(topic),
    close: () => log.close(),
  };
}
