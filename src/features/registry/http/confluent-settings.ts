/** The Confluent API's `/config` and `/mode`. */
import { quoted } from "../../../core/failure.ts";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { allSubjects, compatibilities, RegistryFailure, registryModes } from "../registry-port.ts";
import { answer, flag, readJson } from "./confluent-body.ts";
import type { RegistryDeps } from "./deps.ts";

const configBody = z.object({ compatibility: z.string() });
const modeBody = z.object({ mode: z.string() });

export function mountSettings(app: Hono, { registry, limits }: RegistryDeps): void {
  const getConfig = async (c: Context) => {
    const subject = c.req.param("subject") ?? allSubjects;
    const { compatibility, ownCompatibility } = await registry.settings(subject);
    const asked = subject === allSubjects || flag(c, "defaultToGlobal");
    if (ownCompatibility === undefined && !asked) throw notOwn("config_not_found", subject);
    return answer({ compatibilityLevel: compatibility });
  };
  const putConfig = async (c: Context) => {
    const body = await readJson(c, configBody, limits.bodyBytesMax);
    const compatibility = chosen(compatibilities, body.compatibility, "invalid_compatibility");
    await registry.setCompatibility(c.req.param("subject") ?? allSubjects, compatibility);
    return answer({ compatibility });
  };
  const deleteConfig = async (c: Context) => {
    const subject = c.req.param("subject") ?? allSubjects;
    const { compatibility, ownCompatibility } = await registry.settings(subject);
    if (ownCompatibility === undefined && subject !== allSubjects) {
      throw notOwn("config_not_found", subject);
    }
    await registry.setCompatibility(subject, undefined);
    return answer({ compatibilityLevel: compatibility });
  };
  for (const path of ["/config", "/config/:subject"]) {
    app.get(path, getConfig);
    app.put(path, putConfig);
    app.delete(path, deleteConfig);
  }

  const getMode = async (c: Context) => {
    const subject = c.req.param("subject") ?? allSubjects;
    const { mode, ownMode } = await registry.settings(subject);
    const asked = subject === allSubjects || flag(c, "defaultToGlobal");
    if (ownMode === undefined && !asked) throw notOwn("mode_not_found", subject);
    return answer({ mode });
  };
  const putMode = async (c: Context) => {
    const body = await readJson(c, modeBody, limits.bodyBytesMax);
    const mode = chosen(registryModes, body.mode, "invalid_mode");
    await registry.setMode(c.req.param("subject") ?? allSubjects, mode);
    return answer({ mode });
  };
  for (const path of ["/mode", "/mode/:subject"]) {
    app.get(path, getMode);
    app.put(path, putMode);
  }
  app.delete("/mode/:subject", async (c) => {
    const subject = c.req.param("subject");
    const { mode, ownMode } = await registry.settings(subject);
    if (ownMode === undefined) throw notOwn("mode_not_found", subject);
    await registry.setMode(subject, undefined);
    return answer({ mode });
  });
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
    `Subject ${quoted(subject)} has no setting of its own: ask with defaultToGlobal=true for what holds`,
  );
}
