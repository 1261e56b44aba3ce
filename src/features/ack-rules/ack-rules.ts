/** Ack rules as a service: made, asked about, and run by whichever node owns each. */
import {
  ackIdBytesMax,
  type AckCounts,
  type AckId,
  type AckLedgerStore,
  type AckRule,
  type AckRuleConfig,
  type AckRuleStore,
  overdueTopic,
  type OverdueQuery,
} from "./rule.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { lifecycleTopic } from "../lifecycle/event.ts";
import type { LogDriver } from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import type { Position } from "../../core/position.ts";
import type { Ownership } from "../../core/projection.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { TopicSettings } from "../../core/topic.ts";
import { Delays, type DelayPercentiles } from "./delays.ts";
import { ensureOutput } from "./output.ts";
import { runAckRule, type AckRunner, type AckRunnerStatus } from "./runner.ts";

export interface AckRulesParts {
  readonly log: LogDriver;
  readonly rules: AckRuleStore;
  readonly store: AckLedgerStore;
  readonly decoder: RecordDecoder;
  readonly ownership: Ownership;
  /** What the output topics are made with, their layout aside. */
  readonly newTopics: TopicSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AckStats {
  readonly counts: AckCounts;
  readonly delays: DelayPercentiles;
  /** The longest overdue first. */
  readonly overdue: readonly AckId[];
}

/** Every method but `close` and `status` throws `unavailable` while the store or the log is away. */
export interface AckRules {
  /**
   * Makes the rule and its output topics; idempotent. Throws `conflict` where it stands with another
   * configuration or its output cannot be used, `overloaded` past the number of rules.
   */
  put(config: AckRuleConfig): Promise<{ readonly created: boolean; readonly rule: AckRule }>;
  /** Throws `not_found`. */
  get(name: string): Promise<AckRule>;
  list(): Promise<readonly AckRule[]>;
  /** Its output topics stay. Throws `not_found`. */
  remove(name: string): Promise<void>;
  stats(name: string): Promise<AckStats>;
  /** One more than `limit` where there are more. */
  overdue(name: string, query: OverdueQuery): Promise<readonly AckId[]>;
  /** What is known of one id; undefined: it was not seen, or is not kept any longer. */
  message(name: string, id: string): Promise<AckId | undefined>;
  status(): readonly AckRunnerStatus[];
  close(): Promise<void>;
}

/** Each has readers of its own on its owner's node, and each other node asks for it every second. */
const rulesMax = 64;
const refreshMs = 1000;
/** What another node removed while this one did not look. */
const purgeEveryLooks = 30;
/** Of a rule's stats; the page of overdue ids has the others. */
const overdueShownMax = 100;

export function createAckRules(parts: AckRulesParts): AckRules {
  const { log, rules, newTopics, clock, logger } = parts;
  const running = new Map<string, { readonly stop: AbortController; readonly run: AckRunner }>();
  const stop = new AbortController();
  let purgeInLooks = 0;
  const refreshing = refresh();

  async function refresh(): Promise<void> {
    let known = true;
    while (!stop.signal.aborted) {
      try {
        const standing = await rules.list();
        for (const rule of standing) start(rule);
        for (const life of [...running.keys()]) {
          if (!standing.some((rule) => rule.life === life)) end(life);
        }
        if (purgeInLooks-- <= 0) {
          while ((await rules.purge()) && !stop.signal.aborted);
          purgeInLooks = purgeEveryLooks;
        }
        known = true;
      } catch (error) {
        if (known) logger("warn", "the ack rules cannot be read", { reason: reasonOf(error) });
        known = false;
      }
      await sleep(clock, refreshMs, stop.signal);
    }
  }

  function start(rule: AckRule): void {
    if (running.has(rule.life) || stop.signal.aborted) return;
    const own = new AbortController();
    const signal = AbortSignal.any([stop.signal, own.signal]);
    running.set(rule.life, { stop: own, run: runAckRule({ ...parts, rule, signal }) });
  }

  function end(life: string): void {
    running.get(life)?.stop.abort();
    running.delete(life);
    purgeInLooks = 0;
  }

  async function get(name: string): Promise<AckRule> {
    const rule = await rules.get(name);
    if (rule === undefined) throw new Failure("not_found", `There is no ack rule "${name}"`);
    return rule;
  }

  /** Where each topic ends now; one that is not there yet will be read from its beginning. */
  async function startOf({ places, from }: AckRuleConfig): Promise<ReadonlyMap<string, Position>> {
    const topics = "topics" in places ? places.topics : [lifecycleTopic];
    const positions = new Map<string, Position>();
    if (from === "earliest") return positions;
    for (const topic of topics) {
      const bounds = await log.bounds(topic).catch((error: unknown) => {
        if (failureFrom(error).code === "not_found") return undefined;
        throw error;
      });
      if (bounds !== undefined) positions.set(topic, bounds.end);
    }
    return positions;
  }

  return {
    get,
    list: () => rules.list(),

    async put(config) {
      const standing = await rules.get(config.name);
      if (standing !== undefined) return { created: false, rule: same(standing, config) };
      if ((await rules.list()).length >= rulesMax) {
        throw new Failure(
          "overloaded",
          `Cannot make ack rule "${config.name}": there are ${rulesMax} already, remove one of them`,
        );
      }
      await ensureOutput(log, newTopics, config.output);
      if (config.deadlineMs !== undefined) {
        await ensureOutput(log, newTopics, overdueTopic(config.output));
      }
      const { created, rule } = await rules.create(config, await startOf(config));
      if (!created) return { created, rule: same(rule, config) };
      start(rule);
      return { created, rule };
    },

    async remove(name) {
      const rule = await get(name);
      await rules.remove(name);
      end(rule.life);
    },

    async stats(name) {
      const { number } = await get(name);
      const [{ counts, delays }, overdue] = await Promise.all([
        rules.counts(number),
        rules.overdue(number, { after: undefined, limit: overdueShownMax }),
      ]);
      return { counts, delays: new Delays(delays).percentiles(), overdue };
    },

    async overdue(name, { after, limit }) {
      return await rules.overdue((await get(name)).number, { after, limit: limit + 1 });
    },

    async message(name, id) {
      const { number } = await get(name);
      const wanted = id.length <= ackIdBytesMax ? [id] : [];
      const [found] = wanted.length === 0 ? [] : await rules.find(number, wanted);
      // The store writes what it cannot keep as something else, which is another id.
      return found?.id === id ? found : undefined;
    },

    status: () => [...running.values()].map(({ run }) => run.status()),

    async close() {
      stop.abort();
      await Promise.all([refreshing, ...[...running.values()].map(({ run }) => run.done)]);
    },
  };
}

/** The rule that stands, if it is the wanted one. Throws `conflict` with what differs. */
function same(standing: AckRule, wanted: AckRuleConfig): AckRule {
  const [there, given] = [comparable(standing), comparable(wanted)];
  const differ = Object.keys({ ...there, ...given }).filter((name) => there[name] !== given[name]);
  if (differ.length === 0) return standing;
  const errors = differ.map((name) => ({
    field: `/${name}`,
    code: "conflict" as const,
    message: `Cannot change ${name} to ${given[name] ?? "none"}: it is ${there[name] ?? "none"}`,
  }));
  throw new Failure(
    "conflict",
    `Ack rule "${wanted.name}" stands with another configuration (${differ.join(", ")}): remove it first, or use another name`,
    { errors },
  );
}

/** Each member as text. The order of places is of no account. */
function comparable(config: AckRuleConfig): Readonly<Record<string, string | undefined>> {
  const { places, output, deadlineMs, keepMs, from } = config;
  return {
    topics: "topics" in places ? JSON.stringify(places.topics.toSorted()) : undefined,
    id: "topics" in places ? JSON.stringify(places.id) : undefined,
    events: "events" in places ? JSON.stringify(places.events.toSorted()) : undefined,
    app_id: "events" in places ? places.appId : undefined,
    output,
    deadline_ms: deadlineMs?.toString(),
    keep_ms: keepMs.toString(),
    from,
  };
}

function reasonOf(error: unknown): string {
  return failureFrom(error).message;
}
