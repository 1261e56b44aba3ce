/**
 * Ack rules as a service: created, queried, and run by the node that owns each.
 *
 * How a rule runs, one file a step: `rule-supervisor` has a `runner` for each rule. On the node that
 * owns the rule the runner's `topics-reader` reads the rule's topics, `id-extractor` finds the ids in
 * the records, `ids` decides what they change, `owner` commits that together with the positions,
 * `outbox` keeps the announcements of the commit, and an `appender` appends them to an output topic.
 */

import { audit } from "../../core/access/audit.ts";
import { type Caller, openCaller, type Principal } from "../../core/access/caller.ts";
import type { Principals } from "../../core/access/principals.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure, invalidField } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import { delayBounds, Histogram } from "../../core/metrics/histogram.ts";
import { cutList } from "../../core/page.ts";
import type { Position } from "../../core/position.ts";
import type { Ownership } from "../../core/projection.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { TopicSettings } from "../../core/topic.ts";
import type { AppendOwn } from "../../ingest/ingest.ts";
import type { Topics } from "../../ingest/topics.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import { lifecycleTopic } from "../lifecycle/event.ts";
import { cycleThrough } from "./cycles.ts";
import { type DelayPercentiles, Delays } from "./delays.ts";
import { ensureOutput } from "./output.ts";
import {
  isSameCreator,
  reasonWithoutRights,
  requireReading,
  requireRights,
  type TopicRights,
} from "./rights.ts";
import { RuleSupervisor } from "./rule-supervisor.ts";
import {
  type AckCounts,
  type AckId,
  ackIdBytesMax,
  type AckLedgerStore,
  type AckRule,
  type AckRuleConfig,
  type AckRuleStore,
  type OverdueQuery,
  overdueTopic,
} from "./rule.ts";
import { type AckRunnerStatus, runAckRule } from "./runner.ts";

export interface AckRulesDeps {
  readonly log: LogDriver;
  readonly append: AppendOwn;
  readonly topics: Pick<Topics, "create">;
  readonly topicRules: TopicRights;
  /** What the creators of rules may do now. */
  readonly principals: Principals;
  readonly rules: AckRuleStore;
  readonly store: AckLedgerStore;
  readonly decoder: RecordDecoder;
  readonly ownership: Ownership;
  /** Number of rules that there may be. */
  readonly rulesMax: number;
  /** The settings of new output topics, their layout aside. */
  readonly newTopics: TopicSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PutRule {
  readonly created: boolean;
  readonly rule: AckRule;
}

export interface RulePage {
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface AckStats {
  readonly counts: AckCounts;
  readonly delays: DelayPercentiles;
  /** The longest overdue first. */
  readonly overdue: readonly AckId[];
}

/** The overdue ids in a rule's stats; the page of overdue ids has the others. */
const overdueInStatsMax = 100;

/** Every method but `close` and `status` throws `unavailable` without the store or the log. */
export class AckRules {
  readonly #deps: AckRulesDeps;
  readonly #supervisor: RuleSupervisor;
  /** Delays of the acks that this node appended. */
  readonly ackSeconds = new Histogram(delayBounds);

  constructor(deps: AckRulesDeps) {
    this.#deps = deps;
    const { ackSeconds } = this;
    this.#supervisor = new RuleSupervisor({
      ...deps,
      run: (rule, signal) =>
        runAckRule({ ...deps, append: this.#appendFor(rule), rule, signal, ackSeconds }),
      reasonNotToRun: (rule, others) =>
        reasonNotToRun(rule, others, deps.topicRules)?.message ?? this.#reasonWithoutRights(rule),
    });
  }

  /**
   * Creates the rule and its output topics; idempotent. The rule acts with the rights of the caller
   * who put it last. Throws `forbidden` where these are not enough, `conflict` where the rule exists with
   * another configuration or its output cannot be used, `invalid` where acks may not be written there,
   * `overloaded` past the number of rules.
   */
  async put(config: AckRuleConfig, by: Caller): Promise<PutRule> {
    const { rules, log, topics, newTopics, topicRules, logger } = this.#deps;
    by.require("manage", "rule", config.name);
    requireRights(config, by, topicRules);
    const existing = await rules.get(config.name);
    if (existing !== undefined) return await this.#putAgain(existing, config, by);
    const others = await rules.list();
    const reason = reasonNotToRun(config, others, topicRules);
    if (reason !== undefined) throw invalidField("/output", reason.message, reason.code);
    by.allowance?.create("rules");
    const { rulesMax } = this.#deps;
    if (others.length >= rulesMax) {
      throw new Failure(
        "overloaded",
        `Cannot create ack rule "${config.name}": there are ${others.length}, expected at most ${rulesMax} (SLUICE_ACK_RULES_MAX)`,
      );
    }
    await ensureOutput(log, topics, newTopics, config.output);
    if (config.deadlineMs !== undefined) {
      await ensureOutput(log, topics, newTopics, overdueTopic(config.output));
    }
    const result = await rules.create(config, await this.#startOf(config), creatorOf(by));
    if (!result.created) return await this.#putAgain(result.rule, config, by);
    audit(logger, by, { action: "create", kind: "rule", name: config.name });
    this.#supervisor.start(result.rule);
    return result;
  }

  /** Throws `not_found`. */
  async get(name: string): Promise<AckRule> {
    const rule = await this.#deps.rules.get(name);
    if (rule === undefined) throw new Failure("not_found", `There is no ack rule "${name}"`);
    return rule;
  }

  /** Why the rule does not run, as far as this node knows; undefined: it does. */
  reasonStopped(rule: AckRule): string | undefined {
    return this.#supervisor.reasonStopped(rule);
  }

  /** A rule whose ids the caller may see. Throws `not_found`, and `forbidden`. */
  async readable(name: string, by: Caller): Promise<AckRule> {
    by.require("read", "rule", name);
    const rule = await this.get(name);
    requireReading(rule, by, this.#deps.topicRules);
    return rule;
  }

  /** Those that the caller may read, by name. `next` is the `after` of the next page. */
  async list(
    { after = "", limit }: RulePage,
    by: Caller,
  ): Promise<{
    readonly rules: readonly AckRule[];
    readonly next: string | null;
  }> {
    const all = await this.#deps.rules.list();
    const found = all.filter(({ name }) => name > after && by.may("read", "rule", name));
    const { items: rules, last } = cutList(found, limit);
    return { rules, next: last?.name ?? null };
  }

  /** The rule's output topics remain. Throws `not_found`. */
  async remove(name: string, by: Caller): Promise<void> {
    by.require("manage", "rule", name);
    const rule = await this.get(name);
    await this.#deps.rules.remove(name);
    audit(this.#deps.logger, by, { action: "delete", kind: "rule", name });
    this.#supervisor.end(rule.life);
  }

  async stats(name: string, by: Caller): Promise<AckStats> {
    const { rules } = this.#deps;
    const { number } = await this.readable(name, by);
    const [{ counts, delays }, overdue] = await Promise.all([
      rules.counts(number),
      rules.overdue(number, { after: undefined, limit: overdueInStatsMax }),
    ]);
    return { counts, delays: new Delays(delays).percentiles(), overdue };
  }

  /** One more than `limit` where there are more. */
  async overdue({ number }: AckRule, { after, limit }: OverdueQuery): Promise<readonly AckId[]> {
    return await this.#deps.rules.overdue(number, { after, limit: limit + 1 });
  }

  /** What is known of one id; undefined: it was not seen, or is no longer kept. */
  async message({ number }: AckRule, id: string): Promise<AckId | undefined> {
    if (id.length > ackIdBytesMax) return undefined;
    const [found] = await this.#deps.rules.find(number, [id]);
    // The store replaces what it cannot keep, which makes it another id.
    return found?.id === id ? found : undefined;
  }

  status(): readonly AckRunnerStatus[] {
    return this.#supervisor.status();
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }

  /** With the same configuration. */
  async #putAgain(existing: AckRule, config: AckRuleConfig, by: Caller): Promise<PutRule> {
    requireEqual(existing, config);
    const creator = creatorOf(by);
    if (isSameCreator(existing.creator, creator)) return { created: false, rule: existing };
    const { rules, logger } = this.#deps;
    await rules.adopt(existing.number, creator);
    audit(logger, by, { action: "change", kind: "rule", name: config.name });
    return { created: false, rule: { ...existing, creator } };
  }

  #reasonWithoutRights(rule: AckRule): string | undefined {
    const { principals, topicRules } = this.#deps;
    return reasonWithoutRights(rule, principals, topicRules);
  }

  /** Checked with each append: the supervisor finds out later, by up to a second. */
  #appendFor(rule: AckRule): AppendOwn {
    return async (...given) => {
      const reason = this.#reasonWithoutRights(this.#supervisor.latest(rule));
      if (reason !== undefined) throw new Failure("forbidden", reason);
      return await this.#deps.append(...given);
    };
  }

  /** Where each topic ends now. One that does not exist yet will be read from its beginning. */
  async #startOf({ places, from }: AckRuleConfig): Promise<ReadonlyMap<string, Position>> {
    const topics = "topics" in places ? places.topics : [lifecycleTopic];
    const positions = new Map<string, Position>();
    if (from === "earliest") return positions;
    for (const topic of topics) {
      const bounds = await boundsIfExists(this.#deps.log, topic);
      if (bounds !== undefined) positions.set(topic, bounds.end);
    }
    return positions;
  }
}

/** Why the rule may not run beside `others`; undefined: it may. */
function reasonNotToRun(
  rule: AckRuleConfig,
  others: readonly AckRuleConfig[],
  topicRules: Pick<TopicRights, "isInternal">,
): Pick<Failure, "code" | "message"> | undefined {
  const start = `Cannot use output "${rule.output}"`;
  if (topicRules.isInternal(rule.output)) {
    return { code: "invalid", message: `${start}: it is an internal topic` };
  }
  const cycle = cycleThrough(rule, others);
  if (cycle === undefined) return undefined;
  const way = cycle.join(" → ");
  return { code: "conflict", message: `${start}: acks would come back to the rule, ${way}` };
}

/** Undefined without access control. */
function creatorOf(by: Caller): Principal | undefined {
  return by === openCaller ? undefined : by.principal;
}

/** Throws `conflict` with the members in which the existing rule differs from the requested one. */
function requireEqual(existing: AckRule, requested: AckRuleConfig): void {
  const [from, to] = [comparable(existing), comparable(requested)];
  const different = Object.keys({ ...from, ...to }).filter((name) => from[name] !== to[name]);
  if (different.length === 0) return;
  const errors = different.map((name) => ({
    field: `/${name}`,
    code: "conflict" as const,
    message: `Cannot change ${name} to ${to[name] ?? "none"}: it is ${from[name] ?? "none"}`,
  }));
  throw new Failure(
    "conflict",
    `Ack rule "${requested.name}" exists with another configuration (${different.join(", ")}): remove it first, or use another name`,
    { errors },
  );
}

/** Each member as text. The order of places does not matter. */
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
