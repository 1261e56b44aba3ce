/** The Confluent API's `/schemas`, and how a schema stands in its answers. */
import type { Context, Hono } from "hono";
import { RegistryFailure, type RegisteredSchema } from "../registry-port.ts";
import type { Registry } from "../registry.ts";
import { answer, count, flag } from "./confluent-body.ts";
import type { RegistryDeps } from "./deps.ts";

const schemasMax = 1000;

export function mountConfluentSchemas(app: Hono, { registry }: RegistryDeps): void {
  app.get("/schemas", async (c) => {
    const versions = await registry.versions({
      prefix: c.req.query("subjectPrefix") ?? "",
      deleted: flag(c, "deleted"),
      latestOnly: flag(c, "latestOnly"),
      offset: count(c, "offset", 0),
      limit: Math.min(count(c, "limit", schemasMax), schemasMax),
    });
    const rendered = [];
    // One by one: rendering text from descriptors takes each schema's set.
    for (const one of versions) rendered.push(await renderRegistered(registry, one));
    return answer(rendered);
  });

  app.get("/schemas/types", () => answer(["PROTOBUF"]));

  app.get("/schemas/ids/:id", async (c) => {
    const found = await ofId(c, registry);
    return answer({ ...(await renderUnnamed(registry, found, c.req.query("format"))) });
  });

  app.get("/schemas/ids/:id/schema", async (c) => {
    const schema = await renderSchema(registry, await ofId(c, registry), c.req.query("format"));
    return new Response(schema, { headers: { "content-type": "text/plain; charset=utf-8" } });
  });

  app.get("/schemas/ids/:id/versions", async (c) => {
    const versions = await visible(c, registry);
    return answer(versions.map(({ subject, version }) => ({ subject, version })));
  });

  app.get("/schemas/ids/:id/subjects", async (c) => {
    const versions = await visible(c, registry);
    return answer([...new Set(versions.map(({ subject }) => subject))]);
  });

  app.get("/schemas/guids/:guid", async (c) => {
    const { id } = await registry.schemaOfGuid(c.req.param("guid"));
    const [found] = await registry.versionsOfId(id);
    if (found === undefined) throw noSchema(String(id));
    return answer({ id, ...(await renderUnnamed(registry, found, c.req.query("format"))) });
  });

  app.get("/schemas/guids/:guid/ids", async (c) => {
    const { id } = await registry.schemaOfGuid(c.req.param("guid"));
    return answer([{ context: ".", id }]);
  });
}

/** A version with its schema. `format` is that of the parameter. */
export async function renderRegistered(
  registry: Registry,
  registered: RegisteredSchema,
  format?: string,
) {
  const { subject, version, id, deleted } = registered;
  const rendered = await renderUnnamed(registry, registered, format);
  return { subject, version, id, ...rendered, ...(deleted ? { deleted } : {}) };
}

/** Of a schema alone. */
async function renderUnnamed(registry: Registry, registered: RegisteredSchema, format?: string) {
  const { guid, references } = registered;
  return {
    guid,
    schemaType: "PROTOBUF",
    ...(references.length === 0 ? {} : { references }),
    schema: await renderSchema(registry, registered, format),
  };
}

/** `serialized` is the own file's FileDescriptorProto in base64; all others are the text. */
export async function renderSchema(
  registry: Registry,
  registered: RegisteredSchema,
  format?: string,
): Promise<string> {
  if (format !== "serialized") return await registry.text(registered);
  return (await registry.fileDescriptor(registered.id)).toBase64();
}

/** As it was registered under the subject that is asked for, else as the first time. */
async function ofId(c: Context, registry: Registry): Promise<RegisteredSchema> {
  const versions = await registry.versionsOfId(parseId(c));
  const subject = c.req.query("subject");
  const found = versions.find((one) => one.subject === subject) ?? versions[0];
  if (found === undefined) throw noSchema(c.req.param("id") ?? "");
  return found;
}

async function visible(c: Context, registry: Registry): Promise<readonly RegisteredSchema[]> {
  const versions = await registry.versionsOfId(parseId(c));
  const subject = c.req.query("subject");
  return versions.filter(
    (one) =>
      (flag(c, "deleted") || !one.deleted) && (subject === undefined || one.subject === subject),
  );
}

function parseId(c: Context): number {
  const text = c.req.param("id") ?? "";
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (id >= 1 && id <= 2 ** 31 - 1) return id;
  throw noSchema(text);
}

function noSchema(id: string): RegistryFailure {
  return new RegistryFailure("schema_not_found", `There is no schema with id ${id.slice(0, 50)}`);
}
