/** How a rule is changed while it runs, on whichever node. */

import type { Principal } from "../../core/access/caller.ts";
import { type Clock, sleep } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import type { Position } from "../../core/position.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import { lifecycleTopic } from "../lifecycle/event.ts";
import { differences, placesChange } from "./change.ts";
import type { AckChange, AckLedgerStore, AckRule, AckRuleConfig, AckRuleStore } from "./rule.ts";

export interface ChangingDeps {
  readonly rules: Pick<AckRuleStore, "get" | "change">;
  readonly store: Pick<AckLedgerStore, "applyChange">;
  readonly log: Pick<Log, "bounds">;
  readonly clock: Clock;
}

/** The rule's owner learns of a request within a second, and then appends what it has committed. */
const appliedWithinMs = 10_000;
const lookEveryMs = 50;

/** Throws `conflict` where one of the two is over topics and the other over events. */
export function requireSameKind(existing: AckRule, config: AckRuleConfig): void {
  if ("topics" in existing.places === "topics" in config.places) return;
  const [is, asks] = "topics" in existing.places ? ["topics", "events"] : ["events", "topics"];
  throw new Failure(
    "conflict",
    `Cannot change ack rule "${existing.name}" to ${asks}: it is over ${is}, remove it first or use another name`,
  );
}

/**
 * Requests the change, and waits until it is made; `onRequest` gets the rule with the request. Throws
 * `unavailable` where acks of the former configuration cannot be appended meanwhile: the change is then
 * made once they can. Throws `conflict` where another change took its place, `not_found`.
 */
export async function changeRule(
  { rules, store, log, clock }: ChangingDeps,
  existing: AckRule,
  { config, creator }: { readonly config: AckRuleConfig; readonly creator: Principal | undefined },
  onRequest: (rule: AckRule) => void,
): Promise<AckRule> {
  const { number, name } = existing;
  const positions = await startOfAdded(log, existing, config);
  const change: AckChange = { config, creator, positions };
  await rules.change(number, change);
  onRequest({ ...existing, change: config });
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    const done = await store.applyChange(number);
    if (done === "waiting") {
      if (waitedMs > appliedWithinMs) throw stillWaiting(name);
      await sleep(clock, lookEveryMs);
      continue;
    }
    const rule = await rules.get(name);
    if (rule?.number !== number) {
      throw new Failure("not_found", `There is no ack rule "${name}": it was removed meanwhile`);
    }
    if (differences(rule, config).length === 0) return rule;
    throw new Failure(
      "conflict",
      `Cannot change ack rule "${name}": another change took the place of this one`,
    );
  }
}

/** Where each topic ends now. One that does not exist yet will be read from its beginning. */
export async function endsOf(
  log: Pick<Log, "bounds">,
  topics: readonly string[],
): Promise<ReadonlyMap<string, Position>> {
  const positions = new Map<string, Position>();
  for (const topic of topics) {
    const bounds = await boundsIfExists(log, topic);
    if (bounds !== undefined) positions.set(topic, bounds.end);
  }
  return positions;
}

/** The topics that a rule reads. */
export function topicsOf({ places }: Pick<AckRuleConfig, "places">): readonly string[] {
  return "topics" in places ? places.topics : [lifecycleTopic];
}

async function startOfAdded(
  log: Pick<Log, "bounds">,
  existing: AckRule,
  config: AckRuleConfig,
): Promise<ReadonlyMap<string, Position>> {
  if (config.from === "earliest" || "events" in config.places) return new Map();
  return await endsOf(log, placesChange(existing, config).added);
}

function stillWaiting(name: string): Failure {
  return new Failure(
    "unavailable",
    `The change of ack rule "${name}" is noted, and not made yet: the acks that it has committed have to be in the log first`,
  );
}
