/** The commands of `sluice schema`. */

import { writeFile } from "node:fs/promises";
import { Failure } from "../../core/failure.ts";
import { compatibilities } from "../../features/registry/registry-port.ts";
import { command } from "../command/command.ts";
import { choice, flag, path, text, texts } from "../command/parameters.ts";
import { call, follow } from "../gateway/connect.ts";
import { gatewayOptions, jsonOption } from "../gateway/options.ts";
import { reach } from "../gateway/request.ts";
import { Listing, printJson } from "../terminal/listing.ts";
import {
  describeVersion,
  parseSubjectVersion,
  schemaNamed,
  shownMessages,
  type VersionAnswer,
  withoutPrefix,
} from "./answers.ts";
import { namingFile, readSource } from "./source.ts";

const service = "sluice.v1.RegistryService";
const compatibilityPrefix = "COMPATIBILITY_";

const subject = text({
  doc: "the name under which versions of a schema are kept",
  value: "SUBJECT",
  required: true,
});
const file = path({
  doc: "a .proto file; any other is a binary FileDescriptorSet",
  value: "FILE",
  required: true,
});

const sourceOptions = {
  root: texts({
    doc: "folder in which imports are searched; may be repeated (default: the file's own)",
    value: "DIR",
    isPath: true,
  }),
  reference: texts({
    doc: "an import that is a subject; may be repeated",
    value: "PATH=SUBJECT[@N]",
  }),
};

export const register = command({
  name: "register",
  summary: "register a schema as the next version of a subject",
  arguments: { subject, file },
  options: {
    "dry-run": flag("check alone: nothing is registered"),
    ...sourceOptions,
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice schema register biometrics-value schemas/examples/biometrics/v1/biometrics.proto",
      prints: ["id 1  biometrics-value version 1  examples.biometrics.v1.Biometrics"],
    },
  ],
  async run(runtime, { url, subject: name, file: given, dryRun, root, reference, json }) {
    const source = await readSource(given, { roots: root, references: reference });
    const { schema, existed = false } = await namingFile(
      given,
      call<{ schema: VersionAnswer; existed?: boolean }>(url, `${service}/Register`, {
        subject: name,
        dryRun,
        ...source,
      }),
    );
    if (json) return printJson(runtime, { ...schema, existed });
    const done = dryRun ? "would be registered" : "registered";
    runtime.print(`${describeVersion(schema)}  ${existed ? "there already" : done}\n`);
  },
});

interface CompatibilityAnswer {
  readonly compatible?: boolean;
  readonly compatibility: string;
  readonly incompatibilities?: readonly { code: string; path: string; message: string }[];
}

export const check = command({
  name: "check",
  summary: "check whether a schema may be the next version of a subject",
  description: `Exits with 1 where it may not, and says why.`,
  arguments: { subject, file },
  options: { ...sourceOptions, json: jsonOption, ...gatewayOptions },
  examples: [
    {
      line: "sluice schema check biometrics-value schemas/examples/biometrics/v1/biometrics.proto",
      prints: ["compatible with biometrics-value (BACKWARD)"],
    },
  ],
  async run(runtime, { url, subject: name, file: given, root, reference, json }) {
    const source = await readSource(given, { roots: root, references: reference });
    const answer = await namingFile(
      given,
      call<CompatibilityAnswer>(url, `${service}/CheckCompatibility`, { subject: name, ...source }),
    );
    const { compatible = false, incompatibilities = [] } = answer;
    const compatibility = withoutPrefix(answer.compatibility, compatibilityPrefix);
    if (json) printJson(runtime, { compatible, compatibility, incompatibilities });
    else if (compatible) runtime.print(`compatible with ${name} (${compatibility})\n`);
    if (compatible) return;
    const reasons = incompatibilities.map(
      ({ code, path: place, message }) => `\n  ${code} at ${place}: ${message}`,
    );
    throw new Failure(
      "incompatible",
      `Not compatible with ${name} (${compatibility}):${reasons.join("")}`,
    );
  },
});

export const list = command({
  name: "list",
  summary: "list the subjects, or the versions of one",
  arguments: { subject: text({ doc: "the subject whose versions are listed", value: "SUBJECT" }) },
  options: {
    deleted: flag("include deleted ones that can be restored"),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [{ line: "sluice schema list", prints: ["ID", "biometrics-value"] }],
  async run(runtime, { url, subject: name, deleted, json }) {
    const listing = new Listing<VersionAnswer>(
      runtime,
      [
        { title: "ID", align: "right", cell: ({ id }) => String(id ?? "") },
        { title: "SUBJECT", cell: (version) => version.subject ?? "" },
        { title: "VERSION", align: "right", cell: ({ version }) => String(version ?? "") },
        { title: "MESSAGES", cell: shownMessages },
        { title: "", cell: (version) => (version.deleted === true ? "deleted" : "") },
      ],
      json,
    );
    if (name !== undefined) {
      const { versions = [] } = await call<{ versions?: readonly VersionAnswer[] }>(
        url,
        `${service}/ListVersions`,
        { subject: name, deleted },
      );
      return listing.print(versions);
    }
    for (let offset = 0; ;) {
      const { subjects = [] } = await call<{ subjects?: readonly VersionAnswer[] }>(
        url,
        `${service}/ListSubjects`,
        { deleted, offset },
      );
      listing.print(subjects);
      if (subjects.length === 0) return;
      offset += subjects.length;
    }
  },
});

export const get = command({
  name: "get",
  summary: "print a schema's text, or write its descriptors to a file",
  arguments: {
    name: text({
      doc: "an id, SUBJECT@N, SUBJECT@latest or a message's full name",
      value: "SCHEMA",
      required: true,
    }),
  },
  options: {
    out: path({ doc: "write a FileDescriptorSet with all imports to this file", value: "FILE" }),
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice schema get biometrics-value@latest",
      prints: ["// id 1  biometrics-value version 1", "message Biometrics {"],
    },
  ],
  async run(runtime, { url, name, out }) {
    const { schema, fileDescriptorSet } = await call<{
      schema: VersionAnswer;
      fileDescriptorSet: string;
    }>(url, `${service}/GetDescriptorSet`, schemaNamed(name));
    if (out !== undefined) {
      await writeFile(out, Uint8Array.fromBase64(fileDescriptorSet));
      runtime.print(`${describeVersion(schema)}  written to ${out}\n`);
      return;
    }
    const response = await reach(url, `/schemas/ids/${schema.id ?? 0}/schema`, {});
    runtime.print(`// ${describeVersion(schema)}\n${(await response.text()).trimEnd()}\n`);
  },
});

export const remove = command({
  name: "delete",
  summary: "delete a subject or one of its versions",
  arguments: {
    name: text({ doc: "a subject, or one version of it", value: "SUBJECT[@N]", required: true }),
  },
  options: {
    permanent: flag("delete permanently what was deleted before"),
    ...gatewayOptions,
  },
  examples: [{ line: "sluice schema delete biometrics-value@1", prints: ["deleted version 1 of"] }],
  async run(runtime, { url, name, permanent }) {
    const { subject: of, version } = parseSubjectVersion(name);
    if (version !== undefined) {
      await call(url, `${service}/DeleteVersion`, { subject: of, version, permanent });
      runtime.print(`deleted version ${version} of ${of}\n`);
      return;
    }
    const { versions = [] } = await call<{ versions?: readonly number[] }>(
      url,
      `${service}/DeleteSubject`,
      { subject: of, permanent },
    );
    runtime.print(`deleted version ${versions.join(", ")} of ${of}\n`);
  },
});

export const config = command({
  name: "config",
  summary: "show or set the compatibility level of a subject",
  arguments: {
    subject: text({ doc: "a subject; all (the default) is every other one", value: "SUBJECT" }),
    level: choice({
      doc: "the level to set; default removes the subject's own",
      value: "LEVEL",
      choices: [...compatibilities, "default"],
    }),
  },
  options: { json: jsonOption, ...gatewayOptions },
  examples: [{ line: "sluice schema config biometrics-value FULL", prints: ["FULL"] }],
  async run(runtime, { url, subject: name = "all", level, json }) {
    const own = name === "all" ? "" : name;
    if (level !== undefined) {
      const set = level === "default" ? "UNSPECIFIED" : level;
      const compatibility = `${compatibilityPrefix}${set}`;
      await call(url, `${service}/SetConfig`, { subject: own, compatibility });
    }
    const now = await call<{ compatibility: string }>(url, `${service}/GetConfig`, {
      subject: own,
    });
    const compatibility = withoutPrefix(now.compatibility, compatibilityPrefix);
    if (json) printJson(runtime, { subject: name, compatibility });
    else runtime.print(`${compatibility}\n`);
  },
});

interface ChangeAnswer {
  readonly change?: { kind: string; subject?: string; version?: number; id?: number };
  readonly revision?: string;
}

export const watch = command({
  name: "watch",
  summary: "print the changes of the registry as they come",
  arguments: { subject: text({ doc: "the subject to watch; all by default", value: "SUBJECT" }) },
  options: { json: jsonOption, ...gatewayOptions },
  examples: [
    {
      line: "sluice schema watch biometrics-value",
      notRun: "it prints nothing until another command changes the subject",
    },
  ],
  async run(runtime, { url, subject: name = "", json }) {
    const changes = follow<ChangeAnswer>(url, `${service}/Watch`, { subject: name });
    for await (const { change, revision = "0" } of changes) {
      if (change === undefined) continue;
      const kind = withoutPrefix(change.kind, "CHANGE_KIND_").toLowerCase();
      const { subject: of = "all", version = 0, id = 0 } = change;
      if (json) {
        printJson(runtime, { revision, kind, subject: of, version, id });
        continue;
      }
      const which = version === 0 ? "" : `  version ${version}  id ${id}`;
      runtime.print(`${revision}  ${kind}  ${of}${which}\n`);
    }
  },
});
