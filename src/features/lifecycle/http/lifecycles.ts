/** Lifecycles: of one message, searched for, as a funnel; and what apps expect. */
import type { Context, Hono } from "hono";
import { z } from "zod";
import { Failure, invalidField, quoted } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json.ts";
import { idBytesMax, parseEventId } from "../event.ts";
import {
  eventNamesMax,
  lifecycleStates,
  type AppSettings,
  type Funnel,
  type LifecycleCursor,
  type LifecycleQuery,
  type ShownLifecycle,
} from "../lifecycle.ts";
import type { Lifecycles } from "../lifecycles.ts";
import { parsePageLimit } from "../../../core/page.ts";
import { parseTime, renderTime } from "../../../core/time.ts";
import { readBody } from "../../../http/body.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { parseWith } from "../../../http/validate.ts";

const stagesMax = 20;
/** Ten years: with it a deadline still is a time of 64 bits. */
const msMax = 10 * 365 * 86_400_000;

interface LifecycleDeps extends Pick<HttpDeps, "limits"> {
  readonly lifecycles: Lifecycles;
}

export function mountLifecycles(app: Hono, { lifecycles, limits }: LifecycleDeps): void {
  const ofMessage = async (c: Context, given: string | undefined) => {
    const messageId = parseEventId("message_id", given);
    const found = await lifecycles.ofMessage(messageId, c.req.raw.signal);
    return c.json({ lifecycles: found.map(describe) });
  };
  app.get("/v1/messages/:message_id", (c) => ofMessage(c, c.req.param("message_id")));
  app.get("/search/event/", (c) => ofMessage(c, c.req.query("message_id")));

  app.get("/v1/messages", async (c) => {
    const { lifecycles: found, next } = await lifecycles.list(listQuery(c));
    return c.json({ lifecycles: found.map(describe), next: next ? renderCursor(next) : null });
  });
  app.get("/v1/funnel", async (c) => {
    const stages = c.req.query("stages");
    const funnel = await lifecycles.funnel({
      appId: parseEventId("app_id", c.req.query("app_id")),
      ...(stages === undefined ? {} : { stages: parseStages(stages) }),
      sinceNs: timeOf(c, "since"),
      untilNs: timeOf(c, "until"),
    });
    return c.json(describeFunnel(funnel));
  });

  app.get("/v1/apps/:app_id", async (c) =>
    c.json(describeApp(await lifecycles.app(parseEventId("app_id", c.req.param("app_id"))))),
  );
  app.put("/v1/apps/:app_id", async (c) => {
    const appId = parseEventId("app_id", c.req.param("app_id"));
    const settings = wantedApp(appId, await readBody(c.req.raw, limits.bodyBytesMax));
    await lifecycles.setApp(settings);
    return c.json(describeApp(settings));
  });
}

const appBody = z.strictObject({
  expected: z.array(z.string()).max(eventNamesMax).optional(),
  deadline_ms: z.int().min(1).max(msMax).nullable().optional(),
  retention_ms: z.int().min(0).max(msMax).nullable().optional(),
});

/** The whole of an app's settings: what is left out is not set. */
function wantedApp(appId: string, body: Uint8Array): AppSettings {
  const json = checkJson(body);
  if (!json.ok) throw new Failure("invalid", json.message);
  const given = parseWith(appBody, JSON.parse(new TextDecoder().decode(body)));
  const expected = (given.expected ?? []).map((event, i) => parseEventId(`/expected/${i}`, event));
  const twice = expected.findIndex((event, i) => expected.indexOf(event) < i);
  if (twice >= 0) {
    throw wrongParam(`/expected/${twice}`, String(expected[twice]), "each event once");
  }
  return {
    appId,
    expected,
    deadlineMs: given.deadline_ms ?? undefined,
    retentionMs: given.retention_ms ?? undefined,
  };
}

function listQuery(c: Context): LifecycleQuery {
  const after = c.req.query("after");
  return {
    appId: idOf(c, "app_id"),
    state: stateOf(c.req.query("state")),
    missing: idOf(c, "missing"),
    event: idOf(c, "event"),
    sinceNs: timeOf(c, "since"),
    untilNs: timeOf(c, "until"),
    after: after === undefined ? undefined : parseCursor(after),
    limit: parsePageLimit(c.req.query("limit")),
  };
}

function idOf(c: Context, field: string): string | undefined {
  const given = c.req.query(field);
  return given === undefined ? undefined : parseEventId(field, given);
}

function stateOf(given: string | undefined): LifecycleQuery["state"] {
  const state = lifecycleStates.find((one) => one === given);
  if (given === undefined || state !== undefined) return state;
  throw wrongParam("state", given, lifecycleStates.join(", "));
}

function timeOf(c: Context, field: string): bigint | undefined {
  const given = c.req.query(field);
  if (given === undefined) return undefined;
  const ns = parseTime(given);
  if (ns === undefined) throw wrongParam(field, given, "an RFC 3339 time");
  return ns;
}

function parseStages(given: string): readonly string[] {
  const stages = given.split(",").map((stage) => parseEventId("stages", stage));
  if (stages.length <= stagesMax) return stages;
  throw wrongParam("stages", given, `at most ${stagesMax}`);
}

function renderCursor({ firstNs, messageId, appId }: LifecycleCursor): string {
  const text = JSON.stringify([firstNs.toString(), messageId, appId]);
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

const cursorForm = z.tuple([z.string().regex(/^-?\d{1,18}$|^-?\d{19}$/), z.string(), z.string()]);

/** Three texts of an id's length at most, as JSON in base64. */
const tokenLengthMax = idBytesMax * 10;

function parseCursor(token: string): LifecycleCursor {
  try {
    if (token.length > tokenLengthMax) throw new RangeError("It is longer than any");
    const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
    const given: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const [firstNs, messageId, appId] = cursorForm.parse(given);
    return { firstNs: BigInt.asIntN(64, BigInt(firstNs)), messageId, appId };
  } catch {
    throw wrongParam("after", token, "the next of an earlier answer");
  }
}

function wrongParam(field: string, given: string, expected: string): Failure {
  return invalidField(field, `Cannot use ${field} ${quoted(given)}: expected ${expected}`);
}

function describe({ appId, messageId, externalId, state, events, missing, total }: ShownLifecycle) {
  const shown = events.reduce((sum, { count }) => sum + count, 0);
  return {
    app_id: appId,
    message_id: messageId,
    ...(externalId === undefined ? {} : { external_id: externalId }),
    state,
    events: events.toSorted(byTime).map(({ event, firstNs, lastNs, count }) => ({
      event,
      first_at: renderTime(firstNs),
      last_at: renderTime(lastNs),
      count,
    })),
    missing,
    // Of more names than one lifecycle keeps.
    ...(shown === total ? {} : { events_not_shown: total - shown }),
  };
}

function byTime(a: { readonly firstNs: bigint }, b: { readonly firstNs: bigint }): number {
  if (a.firstNs === b.firstNs) return 0;
  return a.firstNs < b.firstNs ? -1 : 1;
}

function describeApp({ appId, expected, deadlineMs, retentionMs }: AppSettings) {
  return {
    app_id: appId,
    expected,
    deadline_ms: deadlineMs ?? null,
    retention_ms: retentionMs ?? null,
  };
}

function describeFunnel({ lifecycles, stages }: Funnel) {
  return {
    lifecycles,
    stages: stages.map(({ event, reached, delayMs }) => ({
      event,
      reached,
      delay_ms: delayMs ?? null,
    })),
  };
}
