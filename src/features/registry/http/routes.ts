/** Descriptor sets over HTTP: what a reader needs to decode, in one cacheable answer. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { callerOf } from "../../../http/access.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import type { StoredSchema } from "../registry-port.ts";
import { type RegistryDeps, registryOf } from "./deps.ts";
import { schemaById, schemaByName, schemaByVersion } from "./endpoints.ts";

/** The schema of an id never changes. */
const permanently = "max-age=31536000, immutable";
/** The schema of a name or a subject may; a request with its ETag costs no body. */
const revalidate = "no-cache";

export function mountSchemas(app: Hono, deps: RegistryDeps): void {
  serve(app, schemaById, async ({ params: { id } }, c) =>
    descriptorSet(
      c.req.raw,
      await registryOf(deps, c).schema(id),
      `${sharing(callerOf(c.req.raw))}, ${permanently}`,
    ),
  );
  serve(app, schemaByName, async ({ params: { name } }, c) =>
    descriptorSet(c.req.raw, await registryOf(deps, c).schemaOfMessage(name), revalidate),
  );
  serve(app, schemaByVersion, async ({ params: { subject, version } }, c) => {
    const registry = registryOf(deps, c);
    const { id } = await registry.version(subject, version, { deleted: false });
    return descriptorSet(c.req.raw, await registry.schema(id), revalidate);
  });
}

/** A cache between asks for no right: it may keep only what everybody may read. */
function sharing(caller: Caller): "public" | "private" {
  return caller.isOpen ? "public" : "private";
}

/** A google.protobuf.FileDescriptorSet closed over imports, or 304. */
function descriptorSet(request: Request, schema: StoredSchema, caching: string): Response {
  const etag = `"${schema.hash}"`;
  const headers = {
    etag,
    "cache-control": caching,
    "sluice-schema-id": String(schema.id),
    "sluice-schema-file": encodeURI(schema.file),
  };
  const known = request.headers.get("if-none-match")?.split(",") ?? [];
  if (known.some((one) => [etag, `W/${etag}`, "*"].includes(one.trim()))) {
    return new Response(null, { status: 304, headers });
  }
  // A copy: the response may outlive what the cache does with its own.
  return new Response(new Uint8Array(schema.set), {
    headers: { ...headers, "content-type": "application/protobuf" },
  });
}
