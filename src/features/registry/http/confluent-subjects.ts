/** The Confluent API's `/subjects` and `/compatibility`. */
import type { Context, Hono } from "hono";
import type { Registry } from "../registry.ts";
import { parseVersion } from "../subject.ts";
import { answer, count, flag, readSubmission } from "./confluent-body.ts";
import { renderRegistered, renderSchema } from "./confluent-schema.ts";
import type { RegistryDeps } from "./deps.ts";

/** "No limit": names are short, and a registry of more is none. */
const subjectsMax = 1_000_000;

export function mountSubjects(app: Hono, { registry, limits }: RegistryDeps): void {
  const submission = (c: Context) => readSubmission(c, limits.bodyBytesMax);

  app.get("/subjects", async (c) => {
    const wanted = {
      prefix: c.req.query("subjectPrefix") ?? "",
      offset: count(c, "offset", 0),
      limit: count(c, "limit", subjectsMax),
    };
    const deletedOnly = flag(c, "deletedOnly");
    if (!deletedOnly) {
      return answer(await registry.subjects({ ...wanted, deleted: flag(c, "deleted") }));
    }
    const all = { prefix: wanted.prefix, offset: 0, limit: subjectsMax };
    const live = new Set(await registry.subjects({ ...all, deleted: false }));
    const deleted = await registry.subjects({ ...all, deleted: true });
    const { offset, limit } = wanted;
    return answer(deleted.filter((name) => !live.has(name)).slice(offset, offset + limit));
  });

  app.post("/subjects/:subject", async (c) => {
    const found = await registry.lookUp(c.req.param("subject"), await submission(c), {
      deleted: flag(c, "deleted"),
    });
    return answer(await renderRegistered(registry, found, c.req.query("format")));
  });

  app.delete("/subjects/:subject", async (c) =>
    answer(
      await registry.deleteSubject(c.req.param("subject"), { permanent: flag(c, "permanent") }),
    ),
  );

  app.get("/subjects/:subject/versions", async (c) => {
    const deleted = flag(c, "deleted") || flag(c, "deletedOnly");
    const versions = await registry.versionsOf(c.req.param("subject"), { deleted });
    const shown = flag(c, "deletedOnly") ? versions.filter((one) => one.deleted) : versions;
    return answer(shown.map((one) => one.version));
  });

  app.post("/subjects/:subject/versions", async (c) => {
    const subject = c.req.param("subject");
    const { schema } = await registry.register(subject, await submission(c));
    const registered = await registry.version(subject, schema.version, { deleted: true });
    return answer(await renderRegistered(registry, registered, c.req.query("format")));
  });

  app.get("/subjects/:subject/versions/:version", async (c) =>
    answer(await renderRegistered(registry, await wanted(c, registry), c.req.query("format"))),
  );

  app.delete("/subjects/:subject/versions/:version", async (c) =>
    answer(
      await registry.deleteVersion(c.req.param("subject"), parseVersion(c.req.param("version")), {
        permanent: flag(c, "permanent"),
      }),
    ),
  );

  app.get("/subjects/:subject/versions/:version/schema", async (c) => {
    const schema = await renderSchema(registry, await wanted(c, registry), c.req.query("format"));
    return new Response(schema, { headers: { "content-type": "text/plain; charset=utf-8" } });
  });

  app.get("/subjects/:subject/versions/:version/referencedby", async (c) =>
    answer(
      await registry.referencedBy(c.req.param("subject"), parseVersion(c.req.param("version"))),
    ),
  );

  const check = async (c: Context) => {
    const version = c.req.param("version");
    const { compatible, incompatibilities } = await registry.check(
      c.req.param("subject") ?? "",
      await submission(c),
      version === undefined ? undefined : parseVersion(version),
    );
    const messages = incompatibilities.map(
      ({ type, path, message, direction }) => `${type} at ${path}: ${message} (${direction})`,
    );
    return answer({ is_compatible: compatible, ...(flag(c, "verbose") ? { messages } : {}) });
  };
  app.post("/compatibility/subjects/:subject/versions", check);
  app.post("/compatibility/subjects/:subject/versions/:version", check);
}

async function wanted(c: Context, registry: Registry) {
  return await registry.version(
    c.req.param("subject") ?? "",
    parseVersion(c.req.param("version") ?? ""),
    { deleted: flag(c, "deleted") },
  );
}
