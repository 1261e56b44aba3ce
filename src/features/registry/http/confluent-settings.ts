/** The Confluent API's `/config` and `/mode`. */

import type { Context, Hono } from "hono";
import { quoted } from "../../../core/failure.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { readJson } from "../../../http/validate.ts";
import type { CallerRegistry } from "../guarded.ts";
import { allSubjects, compatibilities, RegistryFailure, registryModes } from "../registry-port.ts";
import { asConfluent } from "./confluent-model.ts";
import * as endpoints from "./confluent-setting-endpoints.ts";
import { type RegistryDeps, registryOf } from "./deps.ts";

export function mountSettings(app: Hono, deps: RegistryDeps): void {
  mountConfig(app, deps);
  mountMode(app, deps);
}

function mountConfig(app: Hono, deps: RegistryDeps): void {
  const put = async (c: Context, subject: string) => {
    const body = await readJson(endpoints.configBody, c.req.raw, deps.bodies);
    const compatibility = chosen(compatibilities, body.compatibility, "invalid_compatibility");
    await registryOf(deps, c).setCompatibility(subject, compatibility);
    return reply(endpoints.setGlobalConfig, 200, { compatibility }, asConfluent);
  };
  const remove = async (c: Context, subject: string, isRequired: boolean) => {
    const registry = registryOf(deps, c);
    const { compatibility } = await configOf(registry, subject, isRequired);
    await registry.setCompatibility(subject, undefined);
    const before = { compatibilityLevel: compatibility };
    return reply(endpoints.deleteGlobalConfig, 200, before, asConfluent);
  };
  const get = async (c: Context, subject: string, isRequired: boolean) => {
    const { compatibility } = await configOf(registryOf(deps, c), subject, isRequired);
    return reply(endpoints.globalConfig, 200, { compatibilityLevel: compatibility }, asConfluent);
  };
  serve(app, endpoints.globalConfig, (_, c) => get(c, allSubjects, false));
  serve(app, endpoints.setGlobalConfig, (_, c) => put(c, allSubjects));
  serve(app, endpoints.deleteGlobalConfig, (_, c) => remove(c, allSubjects, false));
  serve(app, endpoints.subjectConfig, ({ params, query }, c) =>
    get(c, params.subject, !query.defaultToGlobal),
  );
  serve(app, endpoints.setSubjectConfig, ({ params }, c) => put(c, params.subject));
  serve(app, endpoints.deleteSubjectConfig, ({ params }, c) => remove(c, params.subject, true));
}

/** Throws `config_not_found` where `isRequired` and only the config of all subjects applies. */
async function configOf(registry: CallerRegistry, subject: string, isRequired: boolean) {
  const settings = await registry.settings(subject);
  const isOwn = settings.ownCompatibility !== undefined || subject === allSubjects;
  if (isOwn || !isRequired) return settings;
  throw notOwn("config_not_found", subject);
}

function mountMode(app: Hono, deps: RegistryDeps): void {
  const put = async (c: Context, subject: string) => {
    const body = await readJson(endpoints.modeBody, c.req.raw, deps.bodies);
    const mode = chosen(registryModes, body.mode, "invalid_mode");
    await registryOf(deps, c).setMode(subject, mode);
    return reply(endpoints.setGlobalMode, 200, { mode }, asConfluent);
  };
  const get = async (c: Context, subject: string, isRequired: boolean) => {
    const { mode } = await modeOf(registryOf(deps, c), subject, isRequired);
    return reply(endpoints.globalMode, 200, { mode }, asConfluent);
  };
  serve(app, endpoints.globalMode, (_, c) => get(c, allSubjects, false));
  serve(app, endpoints.setGlobalMode, (_, c) => put(c, allSubjects));
  serve(app, endpoints.subjectMode, ({ params, query }, c) =>
    get(c, params.subject, !query.defaultToGlobal),
  );
  serve(app, endpoints.setSubjectMode, ({ params }, c) => put(c, params.subject));
  serve(app, endpoints.deleteSubjectMode, async ({ params: { subject } }, c) => {
    const registry = registryOf(deps, c);
    const { mode } = await modeOf(registry, subject, true);
    await registry.setMode(subject, undefined);
    return reply(endpoints.deleteSubjectMode, 200, { mode }, asConfluent);
  });
}

/** Throws `mode_not_found` where `isRequired` and only the mode of all subjects applies. */
async function modeOf(registry: CallerRegistry, subject: string, isRequired: boolean) {
  const settings = await registry.settings(subject);
  const isOwn = settings.ownMode !== undefined || subject === allSubjects;
  if (isOwn || !isRequired) return settings;
  throw notOwn("mode_not_found", subject);
}

function chosen<Choice extends string>(
  choices: readonly Choice[],
  given: string,
  reason: "invalid_compatibility" | "invalid_mode",
): Choice {
  const found = choices.find((choice) => choice === given.toUpperCase());
  if (found !== undefined) return found;
  throw new RegistryFailure(
    reason,
    `Cannot set ${quoted(given)}: expected one of ${choices.join(", ")}`,
  );
}

function notOwn(reason: "config_not_found" | "mode_not_found", subject: string): RegistryFailure {
  return new RegistryFailure(
    reason,
    `Subject ${quoted(subject)} has no separate setting: use defaultToGlobal=true for the one that applies`,
  );
}
