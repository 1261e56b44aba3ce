/** Ack rules: made by PUT, their figures, what is overdue, and what is known of one id. */
import type { Context, Hono } from "hono";
import { type AckId, type AckRule, placeNames } from "../rule.ts";
import { invalidField, quoted } from "../../../core/failure.ts";
import { parsePageLimit } from "../../../core/page.ts";
import { renderTime } from "../../../core/time.ts";
import { parseName } from "../../../core/topic.ts";
import { parseAckRule } from "./body.ts";
import { mountAckRulesLive } from "./live.ts";
import type { AckRules } from "../ack-rules.ts";
import { readBody } from "../../../http/body.ts";
import type { HttpDeps } from "../../../http/deps.ts";

interface AckRuleDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "log" | "clock" | "origins" | "limits"
> {
  readonly ackRules: AckRules;
}

export function mountAckRules(app: Hono, deps: AckRuleDeps): void {
  const { ackRules } = deps;
  const path = "/v1/ack-rules/:name" as const;

  app.get("/v1/ack-rules", async (c) => {
    return c.json({ ack_rules: (await ackRules.list()).map(describe) });
  });
  app.put(path, async (c) => {
    const body = await readBody(c.req.raw, deps.limits.bodyBytesMax);
    const { created, rule } = await ackRules.put(parseAckRule(nameOf(c), body));
    return c.json(describe(rule), created ? 201 : 200);
  });
  app.get(path, async (c) => c.json(describe(await ackRules.get(nameOf(c)))));
  app.delete(path, async (c) => {
    await ackRules.remove(nameOf(c));
    return c.body(null, 204);
  });
  app.get(`${path}/stats`, async (c) => {
    const { counts, delays, overdue } = await ackRules.stats(nameOf(c));
    return c.json({
      complete: counts.complete,
      late: counts.late,
      open: counts.open,
      overdue: counts.overdue,
      forgotten: counts.forgotten,
      duplicates: counts.duplicates,
      without_id: counts.withoutId,
      delay_ms: delays,
      overdue_ids: overdue.map(({ id }) => id),
    });
  });
  app.get(`${path}/overdue`, async (c) => {
    const rule = await ackRules.get(nameOf(c));
    const limit = parsePageLimit(c.req.query("limit"));
    const after = parseOverdueToken(c.req.query("after"));
    const found = await ackRules.overdue(rule.name, { after, limit });
    const ids = found.slice(0, limit);
    const next = found.length > limit ? overdueToken(ids.at(-1)) : null;
    return c.json({ overdue: ids.map((one) => describeId(rule, one)), next });
  });
  app.get(`${path}/messages/:id`, async (c) => {
    const rule = await ackRules.get(nameOf(c));
    const id = c.req.param("id");
    const known = await ackRules.message(rule.name, id);
    return c.json(describeId(rule, known ?? { id, state: "unseen", seen: [] }));
  });
  mountAckRulesLive(app, deps);
}

function nameOf(c: Context): string {
  return parseName(c.req.param("name") ?? "", "name");
}

/** `<ms>.<id>` of the last id of a page. */
function overdueToken(last: AckId | undefined): string | null {
  return last === undefined ? null : `${last.overdueMs ?? 0}.${last.id}`;
}

function parseOverdueToken(text: string | undefined) {
  if (text === undefined) return undefined;
  const [, ms = "", id = ""] = /^(\d{1,15})\.(.+)$/s.exec(text) ?? [];
  // No id has a NUL or half of a surrogate pair, and the store could not even compare with one.
  if (id !== "" && !id.includes("\0") && id.isWellFormed()) return { overdueMs: Number(ms), id };
  throw invalidField(
    "after",
    `Cannot use after ${quoted(text)}: expected the next of an earlier answer`,
  );
}

function describe(rule: AckRule) {
  const { name, places, output, deadlineMs, keepMs, from, madeMs } = rule;
  return {
    name,
    ...("topics" in places ? { topics: places.topics, id: places.id } : {}),
    ...("events" in places ? { events: places.events } : {}),
    ...("events" in places && places.appId !== undefined ? { app_id: places.appId } : {}),
    output,
    ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    keep_ms: keepMs,
    from,
    created_at: new Date(madeMs).toISOString(),
  };
}

interface ShownId extends Pick<AckId, "id" | "seen"> {
  readonly state: AckId["state"] | "unseen";
  readonly overdueMs?: number | undefined;
}

function describeId(rule: AckRule, { id, state, seen, overdueMs }: ShownId) {
  const places = placeNames(rule);
  const times = places.flatMap((place, i) => {
    const ns = seen[i];
    return ns === undefined ? [] : [[place, renderTime(ns)] as const];
  });
  return {
    message_id: id,
    state,
    missing: places.filter((_, i) => seen[i] === undefined),
    seen: Object.fromEntries(times),
    ...(overdueMs === undefined ? {} : { overdue_since: new Date(overdueMs).toISOString() }),
  };
}
