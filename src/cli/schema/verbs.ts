/** What `sluice schema <verb>` does, each with its arguments after the verb. */
import { writeFile } from "node:fs/promises";
import type { Runtime } from "../../runtime/runtime.ts";
import { Failure } from "../../core/failure.ts";
import { UsageError } from "../command.ts";
import { call, follow } from "../connect.ts";
import { readSource, type SourceOptions } from "./source.ts";

export interface SchemaOptions extends SourceOptions {
  readonly url: string;
  readonly out: string | undefined;
  readonly deleted: boolean;
  readonly permanent: boolean;
  readonly dryRun: boolean;
}

export type Verb = (
  runtime: Runtime,
  args: readonly string[],
  options: SchemaOptions,
) => Promise<void>;

const service = "sluice.v1.RegistryService";

interface VersionAnswer {
  readonly id?: number;
  readonly subject?: string;
  readonly version?: number;
  readonly file?: string;
  readonly messages?: readonly string[];
  readonly deleted?: boolean;
}

export const verbs: Readonly<Record<string, Verb>> = {
  async register(runtime, args, options) {
    const [subject, file] = wanted(args, 2);
    const { dryRun, url } = options;
    const source = await readSource(file, options);
    const request = { subject, dryRun, ...source };
    const { schema, existed } = await call<{ schema: VersionAnswer; existed?: boolean }>(
      url,
      `${service}/Register`,
      request,
    );
    const done = dryRun ? "would be registered" : "registered";
    runtime.print(`${described(schema)}  ${existed === true ? "there already" : done}\n`);
  },

  async check(runtime, args, options) {
    const [subject, file] = wanted(args, 2);
    const source = await readSource(file, options);
    const answer = await call<{
      compatible?: boolean;
      compatibility: string;
      incompatibilities?: readonly { code: string; path: string; message: string }[];
    }>(options.url, `${service}/CheckCompatibility`, { subject, ...source });
    const mode = answer.compatibility.replace("COMPATIBILITY_", "");
    if (answer.compatible === true) {
      runtime.print(`compatible with ${subject} (${mode})\n`);
      return;
    }
    const reasons = (answer.incompatibilities ?? []).map(
      ({ code, path, message }) => `\n  ${code} at ${path}: ${message}`,
    );
    throw new Failure(
      "incompatible",
      `Not compatible with ${subject} (${mode}):${reasons.join("")}`,
    );
  },

  async list(runtime, args, { url, deleted }) {
    const [subject] = args;
    if (subject !== undefined) {
      const { versions = [] } = await call<{ versions?: readonly VersionAnswer[] }>(
        url,
        `${service}/ListVersions`,
        { subject, deleted },
      );
      for (const one of versions) runtime.print(`${described(one)}\n`);
      return;
    }
    for (let offset = 0; ;) {
      const { subjects = [] } = await call<{ subjects?: readonly VersionAnswer[] }>(
        url,
        `${service}/ListSubjects`,
        { deleted, offset },
      );
      for (const one of subjects) runtime.print(`${described(one)}\n`);
      if (subjects.length === 0) return;
      offset += subjects.length;
    }
  },

  async get(runtime, args, { url, out }) {
    const [name] = wanted(args, 1);
    const { schema, fileDescriptorSet } = await call<{
      schema: VersionAnswer;
      fileDescriptorSet: string;
    }>(url, `${service}/GetDescriptorSet`, schemaNamed(name));
    if (out !== undefined) {
      await writeFile(out, Uint8Array.fromBase64(fileDescriptorSet));
      runtime.print(`${described(schema)}  written to ${out}\n`);
      return;
    }
    const response = await fetch(`${url}/schemas/ids/${schema.id ?? 0}/schema`);
    runtime.print(`// ${described(schema)}\n${(await response.text()).trimEnd()}\n`);
  },

  async delete(runtime, args, { url, permanent }) {
    const [name] = wanted(args, 1);
    const { subject, version } = parseSubjectVersion(name);
    if (version !== undefined) {
      await call(url, `${service}/DeleteVersion`, { subject, version, permanent });
      runtime.print(`deleted version ${version} of ${subject}\n`);
      return;
    }
    const { versions = [] } = await call<{ versions?: readonly number[] }>(
      url,
      `${service}/DeleteSubject`,
      { subject, permanent },
    );
    runtime.print(`deleted version ${versions.join(", ")} of ${subject}\n`);
  },

  async config(runtime, args, { url }) {
    const [subject = "", level] = args;
    const own = subject === "all" ? "" : subject;
    if (level !== undefined) {
      const compatibility = `COMPATIBILITY_${level === "default" ? "UNSPECIFIED" : level.toUpperCase()}`;
      await call(url, `${service}/SetConfig`, { subject: own, compatibility });
    }
    const now = await call<{ compatibility: string }>(url, `${service}/GetConfig`, {
      subject: own,
    });
    runtime.print(`${now.compatibility.replace("COMPATIBILITY_", "")}\n`);
  },

  async watch(runtime, args, { url }) {
    const [subject = ""] = args;
    const changes = follow<{
      change?: { kind: string; subject?: string; version?: number; id?: number };
      revision?: string;
    }>(url, `${service}/Watch`, { subject });
    for await (const { change, revision } of changes) {
      if (change === undefined) continue;
      const kind = change.kind.replace("CHANGE_KIND_", "").toLowerCase();
      const { subject: of = "all", version = 0, id = 0 } = change;
      const which = version === 0 ? "" : `  version ${version}  id ${id}`;
      runtime.print(`${revision ?? "0"}  ${kind}  ${of}${which}\n`);
    }
  },
};

function described({ id, subject, version, messages, deleted }: VersionAnswer): string {
  const names = messages?.slice(0, 3).join(", ") ?? "";
  const more = (messages?.length ?? 0) > 3 ? ", …" : "";
  const gone = deleted === true ? "  deleted" : "";
  return `id ${id ?? "new"}  ${subject ?? ""} version ${version ?? "new"}  ${names}${more}${gone}`;
}

/** `17`: an id; `subject@3`, `subject@latest`: a version; else a message's full name. */
function schemaNamed(name: string): Readonly<Record<string, unknown>> {
  if (/^\d+$/.test(name)) return { id: Number(name) };
  const { subject, version } = parseSubjectVersion(name);
  if (version === undefined) return { fullName: name };
  return { subjectVersion: { subject, version } };
}

function parseSubjectVersion(text: string): {
  readonly subject: string;
  readonly version: number | undefined;
} {
  const [, subject, version] = /^(.+)@(\d+|latest)$/.exec(text) ?? [];
  if (subject === undefined || version === undefined) return { subject: text, version: undefined };
  return { subject, version: version === "latest" ? 0 : Number(version) };
}

function wanted(args: readonly string[], count: 1): [string];
function wanted(args: readonly string[], count: 2): [string, string];
function wanted(args: readonly string[], count: number): string[] {
  if (args.length === count) return [...args];
  throw new UsageError(
    `Wanted ${count} argument${count === 1 ? "" : "s"} after the verb, got ${args.length}`,
  );
}
