/** Checks, registrations, deletions and settings of `/v1/registry`. */

import type { Context, Hono } from "hono";
import type { Bodies } from "../../../../http/body.ts";
import { reply, serve } from "../../../../http/endpoint/endpoint.ts";
import { parseJson, readJson } from "../../../../http/validate.ts";
import { allSubjects } from "../../registry-port.ts";
import type { Settings } from "../../settings.ts";
import type { Submission } from "../../submission.ts";
import { type RegistryDeps, registryOf } from "../deps.ts";
import * as endpoints from "./editing-endpoints.ts";
import { settingsBody, textBody } from "./shapes.ts";

/** Reasons in one answer. */
const reasonsMax = 1000;

export function mountEditing(app: Hono, deps: RegistryDeps): void {
  serve(app, endpoints.checkText, async ({ query: { subject, version } }, c) => {
    const submission = await readText(c, deps.bodies);
    const found = await registryOf(deps, c).check(subject, submission, version);
    const { compatible, compatibility, existing, messages, incompatibilities: all } = found;
    return reply(endpoints.checkText, 200, {
      ...{ compatible, compatibility, messages },
      existing: existing === undefined ? null : { version: existing.version, id: existing.id },
      reasons: all.slice(0, reasonsMax).map((one) => ({
        ...{ type: one.type, path: one.path, message: one.message },
        ...{ direction: one.direction, version: one.version },
      })),
      more: all.length > reasonsMax,
    });
  });
  serve(app, endpoints.registerText, async ({ query: { subject, dry_run: dryRun } }, c) => {
    const submission = await readText(c, deps.bodies);
    const { schema, existed } = await registryOf(deps, c).register(subject, submission, { dryRun });
    const { version, id } = schema;
    return reply(endpoints.registerText, 200, { subject, version, id, existed });
  });
  serve(app, endpoints.deleteVersions, async ({ query: { subject, version, permanent } }, c) => {
    const registry = registryOf(deps, c);
    const versions =
      version === undefined
        ? await registry.deleteSubject(subject, { permanent })
        : [await registry.deleteVersion(subject, version, { permanent })];
    return reply(endpoints.deleteVersions, 200, { versions });
  });
  serve(app, endpoints.subjectSettings, async ({ query: { subject = allSubjects } }, c) => {
    const settings = await registryOf(deps, c).settings(subject);
    return reply(endpoints.subjectSettings, 200, describe(settings));
  });
  serve(app, endpoints.setSubjectSettings, async ({ query: { subject = allSubjects } }, c) => {
    const { compatibility, mode } = await readJson(settingsBody, c.req.raw, deps.bodies);
    const registry = registryOf(deps, c);
    if (compatibility !== undefined) {
      await registry.setCompatibility(subject, compatibility ?? undefined);
    }
    if (mode !== undefined) await registry.setMode(subject, mode ?? undefined);
    const settings = await registry.settings(subject);
    return reply(endpoints.setSubjectSettings, 200, describe(settings));
  });
}

/** Larger than settings may be: the compiler has the bound. */
async function readText(c: Context, bodies: Bodies): Promise<Submission> {
  const { text, references = [] } = parseJson(textBody.json, await bodies.read(c.req.raw));
  return { source: { form: "text", text, imports: new Map(), file: undefined }, references };
}

function describe({ compatibility, mode, ownCompatibility, ownMode }: Settings) {
  return {
    ...{ compatibility, mode },
    own_compatibility: ownCompatibility ?? null,
    own_mode: ownMode ?? null,
  };
}
