/** `/v1/registry` over HTTP. */

import type { Hono } from "hono";
import { cutList } from "../../../../core/page.ts";
import { callerOf } from "../../../../http/access.ts";
import { reply, serve } from "../../../../http/endpoint/endpoint.ts";
import type { DatedVersion, TopicUse } from "../../catalog/catalog-port.ts";
import { type RegistryDeps, registryOf } from "../deps.ts";
import * as endpoints from "./endpoints.ts";

export function mountCatalog(app: Hono, deps: RegistryDeps): void {
  mountSubjectPages(app, deps);
  mountVersionPages(app, deps);
  mountSchemaPages(app, deps);
}

function mountSubjectPages(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.listSubjects, async ({ query: { q: text, after, limit, deleted } }, c) => {
    const listing = { text, after, limit: limit + 1, deleted };
    const { items, last } = cutList(await registryOf(deps, c).subjectPage(listing), limit);
    const subjects = items.map(({ subject, versions, latest, ownCompatibility, ownMode }) => ({
      subject,
      versions,
      latest: describeVersion(latest),
      compatibility: ownCompatibility ?? null,
      mode: ownMode ?? null,
    }));
    return reply(endpoints.listSubjects, 200, { subjects, next: last?.subject ?? null });
  });
  serve(app, endpoints.listVersions, async ({ query: { subject, before, limit, deleted } }, c) => {
    const listing = { subject, before, limit: limit + 1, deleted };
    const { items, last } = cutList(await registryOf(deps, c).versionPage(listing), limit);
    const versions = items.map(describeVersion);
    return reply(endpoints.listVersions, 200, { versions, next: last?.version ?? null });
  });
  serve(app, endpoints.subjectTopics, async ({ query: { subject, after, limit } }, c) => {
    const listing = { of: { subject }, after, limit: limit + 1 };
    const found = await registryOf(deps, c).topicUses(listing);
    return reply(endpoints.subjectTopics, 200, topicPage(found, limit));
  });
}

function mountVersionPages(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.describeVersion, async ({ query: { subject, version, deleted } }, c) => {
    const caller = callerOf(c.req.raw);
    const registry = registryOf(deps, c);
    const found = await registry.version(subject, version, { deleted });
    const { id, guid, file, messages, references } = found;
    return reply(endpoints.describeVersion, 200, {
      ...{ subject, version: found.version, id, guid, file, messages, deleted: found.deleted },
      references: references.filter((one) => caller.may("read", "subject", one.subject)),
      text: await registry.text(found),
      is_rendered: found.text === undefined,
    });
  });
  serve(app, endpoints.listChanges, async ({ query: { subject, from, to } }, c) => {
    const compared = await registryOf(deps, c).compare(subject, from, to);
    return reply(endpoints.listChanges, 200, {
      from: compared.from,
      to: compared.to,
      compatibility: compared.compatibility,
      changes: compared.differences.map(({ isBreaking, isForbidden, ...difference }) => ({
        ...difference,
        breaks: isBreaking,
        forbidden: isForbidden,
      })),
      more: compared.isCut,
    });
  });
  serve(app, endpoints.listReferences, async ({ query: { subject, version } }, c) => {
    const { nodes, imports, isCut } = await registryOf(deps, c).graph(subject, version);
    return reply(endpoints.listReferences, 200, {
      versions: nodes.map((one) => ({
        ...{ subject: one.subject, version: one.version, id: one.id },
        ...{ deleted: one.deleted, level: one.level },
      })),
      imports: imports.map(({ name, from, to }) => ({
        name,
        from: { subject: from.subject, version: from.version },
        to: { subject: to.subject, version: to.version },
      })),
      more: isCut,
    });
  });
}

function mountSchemaPages(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.describeSchema, async ({ params: { id }, query }, c) => {
    const all = await registryOf(deps, c).versionsOfId(id);
    const { offset, limit } = query;
    const end = offset + limit;
    const versions = all.slice(offset, end).map(({ subject, version, deleted }) => ({
      ...{ subject, version, deleted },
    }));
    const { guid = "", file = "", messages = [] } = all[0] ?? {};
    const next = end < all.length ? end : null;
    return reply(endpoints.describeSchema, 200, { id, guid, file, messages, versions, next });
  });
  serve(app, endpoints.schemaTopics, async ({ params: { id }, query: { after, limit } }, c) => {
    const listing = { of: { id }, after, limit: limit + 1 };
    const found = await registryOf(deps, c).topicUses(listing);
    return reply(endpoints.schemaTopics, 200, topicPage(found, limit));
  });
  serve(app, endpoints.schemaTemplate, async ({ params: { id }, query: { message } }, c) =>
    reply(endpoints.schemaTemplate, 200, await registryOf(deps, c).template(id, message)),
  );
  serve(app, endpoints.topicSchemas, async ({ params: { topic }, query: { before, limit } }, c) => {
    const found = await registryOf(deps, c).schemaUses({ topic, before, limit: limit + 1 });
    const { items, last } = cutList(found, limit);
    const schemas = items.map(({ id, subjects, ...seen }) => ({ id, ...times(seen), subjects }));
    return reply(endpoints.topicSchemas, 200, { schemas, next: last?.id ?? null });
  });
}

function topicPage(found: readonly TopicUse[], limit: number) {
  const { items, last } = cutList(found, limit);
  const topics = items.map(({ topic, id, schemas, ...seen }) => ({
    ...{ topic, id, schemas },
    ...times(seen),
  }));
  return { topics, next: last?.topic ?? null };
}

function times({ firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number }) {
  return {
    first_seen_at: new Date(firstMs).toISOString(),
    last_seen_at: new Date(lastMs).toISOString(),
  };
}

function describeVersion({ version, id, file, messages, registeredMs, deleted }: DatedVersion) {
  const registered_at = new Date(registeredMs).toISOString();
  return { version, id, file, messages, registered_at, deleted };
}
