/** Descriptor sets over HTTP: what a reader needs to decode, in one cacheable answer. */
import type { Hono } from "hono";
import { invalidField, quoted } from "../../../core/failure.ts";
import type { StoredSchema } from "../registry-port.ts";
import { parseVersion } from "../subject.ts";
import type { RegistryDeps } from "./deps.ts";

/** What an id stands for never changes. */
const forGood = "public, max-age=31536000, immutable";
/** What a name or a subject stands for may; asking again with the ETag costs no body. */
const askAgain = "no-cache";

export function mountSchemas(app: Hono, { registry }: RegistryDeps): void {
  app.get("/v1/schemas/:id", async (c) => {
    const text = c.req.param("id");
    const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (id < 1 || id > 2 ** 31 - 1) {
      throw invalidField(
        "id",
        `Cannot use schema id ${quoted(text)}: expected a whole number from 1`,
      );
    }
    return descriptorSet(c.req.raw, await registry.schema(id), forGood);
  });
  app.get("/v1/schemas/by-name/:name", async (c) =>
    descriptorSet(c.req.raw, await registry.schemaOfMessage(c.req.param("name")), askAgain),
  );
  app.get("/v1/subjects/:subject/versions/:version", async (c) => {
    const version = parseVersion(c.req.param("version"));
    const { id } = await registry.version(c.req.param("subject"), version, { deleted: false });
    return descriptorSet(c.req.raw, await registry.schema(id), askAgain);
  });
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
