/**
 * Ack rules as a service: created, queried, and run by the node that owns each.
 *
 * How a rule runs, one file a step: `rule-supervisor` has a `runner` for each rule. On the node that
 * owns the rule the runner's `topics-reader` reads the rule's topics, `id-extractor` finds the ids in
 * the records, `ids` decides what they change, `owner` commits that together with the positions,
 * `outbox` keeps the announcements of the commit, and an `appender` appends them to an output topic.
 */

import { audit } from "../../core/access/audit.ts";
import type { Caller, Principal } from "../../core/access/caller.ts";
import type { Principals } from "../../core/access/principals.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure, invalidField } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import { delayBounds, Histogram } from "../../core/metrics/histogram.ts";
import { cutList } from "../../core/page.ts";
import type { Ownership } from "../../core/projection.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { TopicSettings } from "../../core/topic.ts";
import type { AppendOwn } from "../../ingest/ingest.ts";
import type { Topics } from "../../ingest/topics.ts";
import { differences } from "./change.ts";
import { changeRule, endsOf, requireSameKind, topicsOf } from "./changing.ts";
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
  type AckId,
  ackIdBytesMax,
  type AckLedgerStore,
  type AckRule,
  type AckRuleConfig,
  type AckRuleStore,
  type ChangeEffects,
  overdueTopic,
  type StoredStats,
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
  /** Only those whose names contain this, in any case. */
  readonly q?: string | undefined;
  readonly limit: number;
}

export interface AckStats extends Omit<StoredStats, "delays"> {
  readonly delays: DelayPercentiles;
}

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
        runAckRule({
          ...deps,
          append: this.#appendFor(rule),
          rule,
          latest: () => this.#supervisor.latest(rule),
          onOpen: (opened) => this.#supervisor.note(opened),
          signal,
          ackSeconds,
        }),
      reasonNotToRun: (rule, others) =>
        reasonNotToRun(rule, others, deps.topicRules)?.message ?? this.#reasonWithoutRights(rule),
    });
  }

  /**
   * Creates the rule and its output topics, or changes it; idempotent. The rule acts with the rights of
   * the caller who put it last. Throws `forbidden` where these are not enough, `conflict` where the rule
   * cannot be changed like this or its output cannot be used, `invalid` where acks may not be written
   * there, `overloaded` past the number of rules, `unavailable` where a change has to wait.
   */
  async put(config: AckRuleConfig, by: Caller): Promise<PutRule> {
    const { rules, log, topicRules, logger } = this.#deps;
    by.require("manage", "rule", config.name);
    requireRights(config, by, topicRules);
    const existing = await rules.get(config.name);
    if (existing !== undefined) return await this.#putAgain(existing, config, by);
    const others = await this.#requireUsable(config);
    by.allowance?.create("rules");
    const { rulesMax } = this.#deps;
    if (others.length >= rulesMax) {
      throw new Failure(
        "overloaded",
        `Cannot create ack rule "${config.name}": there are ${others.length}, expected at most ${rulesMax} (SLUICE_ACK_RULES_MAX)`,
      );
    }
    await this.#ensureOutputs(config);
    const start = config.from === "now" ? await endsOf(log, topicsOf(config)) : new Map();
    const result = await rules.create(config, start, creatorOf(by));
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

  /** By name, whatever the caller may read. */
  async all(): Promise<readonly AckRule[]> {
    return await this.#deps.rules.list();
  }

  /** Whether the caller may see the rule's ids. */
  mayRead(rule: AckRule, by: Caller): boolean {
    try {
      by.require("read", "rule", rule.name);
      requireReading(rule, by, this.#deps.topicRules);
      return true;
    } catch {
      // Refused, for whichever reason.
      return false;
    }
  }

  /** Those that the caller may read, by name. `next` is the `after` of the next page. */
  async list(
    { after = "", q = "", limit }: RulePage,
    by: Caller,
  ): Promise<{
    readonly rules: readonly AckRule[];
    readonly next: string | null;
  }> {
    const all = await this.#deps.rules.list();
    const text = q.toLowerCase();
    const found = all.filter(
      ({ name }) =>
        name > after && name.toLowerCase().includes(text) && by.may("read", "rule", name),
    );
    const { items: rules, last } = cutList(found, limit);
    return { rules, next: last?.name ?? null };
  }

  /** What a change would do, before it is made. Throws like `put`, and where the rule is not readable. */
  async preview(
    config: AckRuleConfig,
    by: Caller,
  ): Promise<{ readonly changes: readonly string[]; readonly effects: ChangeEffects }> {
    const rule = await this.readable(config.name, by);
    by.require("manage", "rule", config.name);
    requireRights(config, by, this.#deps.topicRules);
    requireSameKind(rule, config);
    await this.#requireUsable(config);
    const effects = await this.#deps.rules.effects(rule, config, this.#deps.clock.nowMs());
    return { changes: differences(rule, config), effects };
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
    const rule = await this.readable(name, by);
    const { delays, ...others } = await this.#deps.rules.stats(rule.number);
    return { ...others, delays: new Delays(delays).percentiles() };
  }

  /** What is known of one id; undefined: it was not seen, or is no longer kept. */
  async message(rule: AckRule, id: string): Promise<AckId | undefined> {
    if (id.length > ackIdBytesMax) return undefined;
    const [found] = await this.#deps.rules.find(rule, [id]);
    // The store replaces what it cannot keep, which makes it another id.
    return found?.id === id ? found : undefined;
  }

  status(): readonly AckRunnerStatus[] {
    return this.#supervisor.status();
  }

  /** How far the rules that this node owns are behind their topics. */
  lags(): ReturnType<RuleSupervisor["lags"]> {
    return this.#supervisor.lags();
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }

  async #putAgain(existing: AckRule, config: AckRuleConfig, by: Caller): Promise<PutRule> {
    const { rules, logger } = this.#deps;
    const creator = creatorOf(by);
    const noteChange = () =>
      audit(logger, by, { action: "change", kind: "rule", name: config.name });
    if (differences(existing, config).length > 0) {
      requireSameKind(existing, config);
      await this.#requireUsable(config);
      await this.#ensureOutputs(config);
      const rule = await changeRule(this.#deps, existing, { config, creator }, (requested) =>
        this.#supervisor.note(requested),
      );
      this.#supervisor.note(rule);
      noteChange();
      return { created: false, rule };
    }
    if (existing.change !== undefined) await rules.change(existing.number, undefined);
    const unchanged = { ...existing, change: undefined };
    if (isSameCreator(existing.creator, creator)) return { created: false, rule: unchanged };
    await rules.adopt(existing.number, creator);
    noteChange();
    return { created: false, rule: { ...unchanged, creator } };
  }

  /** The other rules. Throws where the rule may not run beside them. */
  async #requireUsable(config: AckRuleConfig): Promise<readonly AckRule[]> {
    const { rules, topicRules } = this.#deps;
    const others = (await rules.list()).filter(({ name }) => name !== config.name);
    const reason = reasonNotToRun(config, others, topicRules);
    if (reason !== undefined) throw invalidField("/output", reason.message, reason.code);
    return others;
  }

  async #ensureOutputs({ output, deadlineMs }: AckRuleConfig): Promise<void> {
    const { log, topics, newTopics } = this.#deps;
    await ensureOutput(log, topics, newTopics, output);
    if (deadlineMs !== undefined) {
      await ensureOutput(log, topics, newTopics, overdueTopic(output));
    }
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
  return by.isOpen ? undefined : by.principal;
}
