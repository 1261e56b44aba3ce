/** The Confluent API's `/schemas`, and how a schema is rendered in its answers. */

import type { Hono } from "hono";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import type { CallerRegistry } from "../guarded.ts";
import type { RegisteredSchema } from "../registry-port.ts";
import * as endpoints from "./confluent-endpoints.ts";
import { asConfluent } from "./confluent-model.ts";
import { type RegistryDeps, registryOf } from "./deps.ts";

export function mountConfluentSchemas(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.schemas, async ({ query }, c) => {
    const registry = registryOf(deps, c);
    const { subjectPrefix: prefix = "", deleted, latestOnly, offset, limit } = query;
    const found = await registry.versions({
      prefix,
      deleted,
      latestOnly,
      offset,
      limit: Math.min(limit, endpoints.schemasMax),
    });
    const rendered = [];
    // One by one: rendering text from descriptors takes each schema's set.
    for (const one of found) rendered.push(await renderRegistered(registry, one));
    return reply(endpoints.schemas, 200, rendered, asConfluent);
  });
  serve(app, endpoints.schemaTypes, () =>
    reply(endpoints.schemaTypes, 200, ["PROTOBUF"], asConfluent),
  );
  serve(
    app,
    endpoints.schemaTextById,
    async ({ params: { id }, query: { subject, format } }, c) => {
      const registry = registryOf(deps, c);
      const found = await schemaOf(registry, id, subject);
      const rendered = await renderUnnamed(registry, found, format);
      return reply(endpoints.schemaTextById, 200, rendered, asConfluent);
    },
  );
  serve(app, endpoints.textById, async ({ params: { id }, query: { subject, format } }, c) => {
    const registry = registryOf(deps, c);
    const found = await schemaOf(registry, id, subject);
    return textResponse(await renderSchema(registry, found, format));
  });
  serve(app, endpoints.versionsById, async ({ params: { id }, query }, c) => {
    const found = await visibleVersions(registryOf(deps, c), id, query);
    const named = found.map(({ subject, version }) => ({ subject, version }));
    return reply(endpoints.versionsById, 200, named, asConfluent);
  });
  serve(app, endpoints.subjectsById, async ({ params: { id }, query }, c) => {
    const found = await visibleVersions(registryOf(deps, c), id, query);
    const names = [...new Set(found.map(({ subject }) => subject))];
    return reply(endpoints.subjectsById, 200, names, asConfluent);
  });
  serve(app, endpoints.schemaByGuid, async ({ params: { guid }, query: { format } }, c) => {
    const registry = registryOf(deps, c);
    const { id } = await registry.schemaOfGuid(guid);
    const rendered = await renderUnnamed(registry, await schemaOf(registry, id), format);
    return reply(endpoints.schemaByGuid, 200, { id, ...rendered }, asConfluent);
  });
  serve(app, endpoints.idsByGuid, async ({ params: { guid } }, c) => {
    const { id } = await registryOf(deps, c).schemaOfGuid(guid);
    return reply(endpoints.idsByGuid, 200, [{ context: ".", id }], asConfluent);
  });
}

/** A version with its schema. `format` is that of the parameter. */
export async function renderRegistered(
  registry: CallerRegistry,
  registered: RegisteredSchema,
  format?: string,
) {
  const { subject, version, id, deleted } = registered;
  const rendered = await renderUnnamed(registry, registered, format);
  return { subject, version, id, ...rendered, ...(deleted ? { deleted } : {}) };
}

/** Of a schema alone. */
async function renderUnnamed(
  registry: CallerRegistry,
  registered: RegisteredSchema,
  format?: string,
) {
  const { guid, references } = registered;
  return {
    guid,
    schemaType: "PROTOBUF" as const,
    ...(references.length === 0 ? {} : { references }),
    schema: await renderSchema(registry, registered, format),
  };
}

/** `serialized` is the own file's FileDescriptorProto in base64; all others are the text. */
export async function renderSchema(
  registry: CallerRegistry,
  registered: RegisteredSchema,
  format?: string,
): Promise<string> {
  if (format !== "serialized") return await registry.text(registered);
  return (await registry.fileDescriptor(registered.id)).toBase64();
}

export function textResponse(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** As it was registered under `subject`, else as the first time. Throws `schema_not_found`. */
async function schemaOf(
  registry: CallerRegistry,
  id: number,
  subject?: string,
): Promise<RegisteredSchema> {
  const versions = await registry.versionsOfId(id);
  const found = versions.find((one) => one.subject === subject) ?? versions[0];
  if (found === undefined) throw endpoints.noSchema(String(id));
  return found;
}

async function visibleVersions(
  registry: CallerRegistry,
  id: number,
  { deleted, subject }: { readonly deleted: boolean; readonly subject: string | undefined },
): Promise<readonly RegisteredSchema[]> {
  const versions = await registry.versionsOfId(id);
  return versions.filter(
    (one) => (deleted || !one.deleted) && (subject === undefined || one.subject === subject),
  );
}
