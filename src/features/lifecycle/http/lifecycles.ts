/** Lifecycles: of one message, searched for, as a funnel; and what apps expect. */

import type { Context, Hono } from "hono";
import { invalidField, quoted } from "../../../core/failure.ts";
import { renderTime } from "../../../core/time.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { auditRequest } from "../../../http/observe/audit.ts";
import { readJson } from "../../../http/validate.ts";
import { parseEventId } from "../event.ts";
import type { LifecycleQueries } from "../lifecycle-queries.ts";
import {
  type AppSettings,
  type Funnel,
  type ShownLifecycle,
  statesCountedMax,
} from "../lifecycle.ts";
import * as endpoints from "./lifecycle-endpoints.ts";
import { renderCursor } from "./params.ts";

interface LifecycleDeps extends Pick<HttpDeps, "bodies" | "logger" | "turns"> {
  readonly lifecycles: LifecycleQueries;
  /** How long a lifecycle is kept where its app says nothing. */
  readonly retentionMs: number;
}

export function mountLifecycles(
  app: Hono,
  { lifecycles, bodies, logger, turns, retentionMs }: LifecycleDeps,
): void {
  const describeOf = (settings: AppSettings) => ({
    ...describeApp(settings),
    kept_ms: settings.retentionMs ?? retentionMs,
  });
  const ofMessage = async (messageId: string, c: Context) => {
    const found = await lifecycles.ofMessage(messageId, callerOf(c.req.raw), c.req.raw.signal);
    return reply(endpoints.readMessage, 200, { lifecycles: found.map(describe) });
  };
  serve(app, endpoints.readMessage, ({ params }, c) => ofMessage(params.message_id, c));
  serve(app, endpoints.searchEvent, ({ query }, c) => ofMessage(query.message_id, c));

  serve(app, endpoints.searchMessages, async ({ query }, c) => {
    const { app_id: appId, since: sinceNs, until: untilNs, ...others } = query;
    const { external_id: externalId, id_prefix: idPrefix, order, ...rest } = others;
    const isNewestFirst = order === "newest" || undefined;
    const asked = { ...rest, appId, sinceNs, untilNs, externalId, idPrefix, isNewestFirst };
    const { lifecycles: found, next } = await lifecycles.list(asked, callerOf(c.req.raw));
    return reply(endpoints.searchMessages, 200, {
      lifecycles: found.map(describe),
      next: next ? renderCursor(next) : null,
    });
  });
  serve(app, endpoints.funnel, async ({ query }) => {
    const { app_id: appId, stages, since: sinceNs, until: untilNs } = query;
    const asked = { appId, sinceNs, untilNs, ...(stages === undefined ? {} : { stages }) };
    return reply(endpoints.funnel, 200, describeFunnel(await lifecycles.funnel(asked)));
  });
  serve(app, endpoints.missingByMinute, async ({ params, query }, c) => {
    const { stages, since: sinceNs, until: untilNs } = query;
    const asked = {
      appId: params.app_id,
      ...(stages === undefined ? {} : { stages }),
      ...(sinceNs === undefined ? {} : { sinceNs }),
      ...(untilNs === undefined ? {} : { untilNs }),
    };
    const found = await lifecycles.missing(asked, turns.open(c.req.raw.signal));
    return reply(endpoints.missingByMinute, 200, {
      stages: found.stages,
      since: renderTime(found.fromNs),
      until: renderTime(found.toNs),
      minutes: found.minutes.map(({ minuteNs, lifecycles: messages, missing }) => ({
        at: renderTime(minuteNs),
        messages,
        missing,
      })),
    });
  });
  serve(app, endpoints.countStates, async ({ params }) =>
    reply(endpoints.countStates, 200, {
      ...(await lifecycles.states(params.app_id)),
      counted_to: statesCountedMax,
    }),
  );

  serve(app, endpoints.listApps, async ({ query }, c) => {
    const { apps, next } = await lifecycles.listApps(query, callerOf(c.req.raw));
    return reply(endpoints.listApps, 200, { apps: apps.map(describeOf), next });
  });
  serve(app, endpoints.describeApp, async ({ params }) =>
    reply(endpoints.describeApp, 200, describeOf(await lifecycles.knownApp(params.app_id))),
  );
  serve(app, endpoints.setApp, async ({ params }, c) => {
    const given = await readJson(endpoints.appBody, c.req.raw, bodies);
    // The whole of an app's settings: what is left out is not set.
    const settings: AppSettings = {
      appId: params.app_id,
      expected: expectedEvents(given.expected ?? []),
      deadlineMs: given.deadline_ms ?? undefined,
      retentionMs: given.retention_ms ?? undefined,
    };
    await lifecycles.setApp(settings);
    auditRequest(logger, c.req.raw, { action: "change", kind: "app", name: params.app_id });
    return reply(endpoints.setApp, 200, describeOf(settings));
  });
}

function expectedEvents(given: readonly string[]): readonly string[] {
  const expected = given.map((event, i) => parseEventId(`/expected/${i}`, event));
  const twice = expected.findIndex((event, i) => expected.indexOf(event) < i);
  if (twice < 0) return expected;
  const field = `/expected/${twice}`;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(expected[twice])}: expected each event once`,
  );
}

function describe({ appId, messageId, externalId, state, events, missing, total }: ShownLifecycle) {
  const shown = events.reduce((sum, { count }) => sum + count, 0);
  return {
    app_id: appId,
    message_id: messageId,
    ...(externalId === undefined ? {} : { external_id: externalId }),
    state,
    events: events.toSorted(byTime).map((seen) => ({
      event: seen.event,
      first_at: renderTime(seen.firstNs),
      last_at: renderTime(seen.lastNs),
      received_first_at: renderKnownTime(seen.receivedFirstNs),
      received_last_at: renderKnownTime(seen.receivedLastNs),
      count: seen.count,
    })),
    missing,
    // Of more names than one lifecycle keeps.
    ...(shown === total ? {} : { events_not_shown: total - shown }),
  };
}

function renderKnownTime(ns: bigint | undefined): string | null {
  return ns === undefined ? null : renderTime(ns);
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

function describeFunnel({ lifecycles, more, stages }: Funnel) {
  return {
    lifecycles,
    more,
    stages: stages.map(({ event, reached, repeats, delayMs }) => ({
      event,
      reached,
      repeats,
      delay_ms: delayMs ?? null,
    })),
  };
}
