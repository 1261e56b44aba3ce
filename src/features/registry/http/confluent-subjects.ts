/** The Confluent API's `/subjects` and `/compatibility`. */

import type { Context, Hono } from "hono";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import type { Submission } from "../submission.ts";
import { readSubmission } from "./confluent-body.ts";
import * as endpoints from "./confluent-endpoints.ts";
import { asConfluent } from "./confluent-model.ts";
import { renderRegistered, renderSchema, textResponse } from "./confluent-schema.ts";
import { type RegistryDeps, registryOf } from "./deps.ts";

export function mountSubjects(app: Hono, deps: RegistryDeps): void {
  mountSubjectList(app, deps);
  mountVersions(app, deps);
  mountCompatibility(app, deps);
}

function mountSubjectList(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.subjects, async ({ query }, c) => {
    const registry = registryOf(deps, c);
    const { subjectPrefix: prefix = "", offset, limit, deleted, deletedOnly } = query;
    if (!deletedOnly) {
      const names = await registry.subjects({ prefix, offset, limit, deleted });
      return reply(endpoints.subjects, 200, names, asConfluent);
    }
    const all = { prefix, offset: 0, limit: endpoints.subjectsMax };
    const live = new Set(await registry.subjects({ ...all, deleted: false }));
    const known = await registry.subjects({ ...all, deleted: true });
    const names = known.filter((name) => !live.has(name)).slice(offset, offset + limit);
    return reply(endpoints.subjects, 200, names, asConfluent);
  });
  serve(app, endpoints.lookUpSchema, async ({ params, query }, c) => {
    const submission = await readSubmission(c.req.raw, deps.bodies);
    const { deleted, format } = query;
    const registry = registryOf(deps, c);
    const found = await registry.lookUp(params.subject, submission, { deleted });
    const rendered = await renderRegistered(registry, found, format ?? formatSent(submission));
    return reply(endpoints.lookUpSchema, 200, rendered, asConfluent);
  });
  serve(app, endpoints.deleteSubject, async ({ params: { subject }, query: { permanent } }, c) => {
    const versions = await registryOf(deps, c).deleteSubject(subject, { permanent });
    return reply(endpoints.deleteSubject, 200, versions, asConfluent);
  });
}

function mountVersions(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.versions, async ({ params, query: { deleted, deletedOnly } }, c) => {
    const visible = { deleted: deleted || deletedOnly };
    const found = await registryOf(deps, c).versionsOf(params.subject, visible);
    const shown = deletedOnly ? found.filter((one) => one.deleted) : found;
    return reply(
      endpoints.versions,
      200,
      shown.map((one) => one.version),
      asConfluent,
    );
  });
  serve(app, endpoints.registerSchema, async ({ params: { subject }, query: { format } }, c) => {
    const submission = await readSubmission(c.req.raw, deps.bodies);
    const { schema } = await registryOf(deps, c).register(subject, submission);
    // A caller that may append, and perhaps not read, gets back what it has sent itself.
    const { registry } = deps;
    const registered = await registry.version(subject, schema.version, { deleted: true });
    const rendered = await renderRegistered(registry, registered, format ?? formatSent(submission));
    return reply(endpoints.registerSchema, 200, rendered, asConfluent);
  });
  serve(app, endpoints.version, async ({ params, query: { deleted, format } }, c) => {
    const registry = registryOf(deps, c);
    const found = await registry.version(params.subject, params.version, { deleted });
    const rendered = await renderRegistered(registry, found, format);
    return reply(endpoints.version, 200, rendered, asConfluent);
  });
  serve(app, endpoints.deleteVersion, async ({ params, query: { permanent } }, c) => {
    const registry = registryOf(deps, c);
    const version = await registry.deleteVersion(params.subject, params.version, { permanent });
    return reply(endpoints.deleteVersion, 200, version, asConfluent);
  });
  serve(app, endpoints.versionText, async ({ params, query: { deleted, format } }, c) => {
    const registry = registryOf(deps, c);
    const found = await registry.version(params.subject, params.version, { deleted });
    return textResponse(await renderSchema(registry, found, format));
  });
  serve(app, endpoints.referencedBy, async ({ params }, c) => {
    const ids = await registryOf(deps, c).referencedBy(params.subject, params.version);
    return reply(endpoints.referencedBy, 200, ids, asConfluent);
  });
}

function mountCompatibility(app: Hono, deps: RegistryDeps): void {
  const check = async (
    c: Context,
    verbose: boolean,
    subject: string,
    version?: number | "latest",
  ) => {
    const submission = await readSubmission(c.req.raw, deps.bodies);
    const verdictOf = registryOf(deps, c).check(subject, submission, version);
    const { compatible, incompatibilities } = await verdictOf;
    const messages = incompatibilities.map(
      ({ type, path, message, direction }) => `${type} at ${path}: ${message} (${direction})`,
    );
    const verdict = { is_compatible: compatible, ...(verbose ? { messages } : {}) };
    return reply(endpoints.checkCompatibility, 200, verdict, asConfluent);
  };
  serve(app, endpoints.checkCompatibility, ({ params, query }, c) =>
    check(c, query.verbose, params.subject),
  );
  serve(app, endpoints.checkCompatibilityWith, ({ params, query }, c) =>
    check(c, query.verbose, params.subject, params.version),
  );
}

/**
 * The form in which a schema was sent is that in which it is answered. Confluent's client for Python
 * sends descriptors, caches the schema of the answer by its id, and later reads it as descriptors.
 */
function formatSent({ source }: Submission): string | undefined {
  return source.form === "file" ? "serialized" : undefined;
}
