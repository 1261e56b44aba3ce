/** How a schema becomes a version of a subject. */

import { quoted } from "../../core/failure.ts";
import { incompatible, judge, type Verdict } from "./compatibility/verdict.ts";
import { type Lookup, type Visibility, visibleVersions } from "./lookup.ts";
import {
  type RegisteredSchema,
  RegistryFailure,
  type RegistryStore,
  type SchemaCompiler,
  type SchemaVersion,
} from "./registry-port.ts";
import { retryWhileChanged } from "./retry-while-changed.ts";
import { guidFromContent } from "./source/content.ts";
import { parseSubject } from "./subject.ts";
import { type LinkedSubmission, linkSubmission, type Submission } from "./submission.ts";

export interface Registration {
  /** In a dry run, id and version are 0 where they would be new. */
  readonly schema: SchemaVersion;
  /** Whether the subject had it before. */
  readonly existed: boolean;
}

export interface Checked extends Verdict {
  /** The subject's version that has this schema already. */
  readonly existing: SchemaVersion | undefined;
  /** Full names of the messages that it declares. */
  readonly messages: readonly string[];
}

export interface Registrations {
  /**
   * Makes the schema the newest version, unless the subject has it. Throws `invalid_schema`,
   * `incompatible` with every reason in `errors`, `read_only`, and what a reference lacks.
   */
  register(
    subject: string,
    submission: Submission,
    options?: { readonly dryRun?: boolean },
  ): Promise<Registration>;
  /** Whether `register` would take it; against one version alone where that is given. */
  check(subject: string, submission: Submission, version?: number | "latest"): Promise<Checked>;
  /** The version that has this schema. Throws `subject_not_found` or `schema_not_found`. */
  lookUp(subject: string, submission: Submission, options: Visibility): Promise<RegisteredSchema>;
}

export interface RegistrationDeps {
  readonly store: RegistryStore;
  readonly compiler: SchemaCompiler;
  readonly lookup: Pick<Lookup, "schema" | "version">;
}

export function createRegistrations(deps: RegistrationDeps): Registrations {
  const { store, lookup } = deps;
  return {
    async register(name, submission, { dryRun = false } = {}) {
      const subject = parseSubject(name);
      let sent = await linkSubmission(submission, deps);
      return await retryWhileChanged(`Cannot register under ${quoted(subject)}`, async () => {
        const result = await registerOnce(deps, subject, sent, dryRun);
        // The change may concern the schemas that it refers to.
        if (result === "changed" && sent.references.length > 0) {
          sent = await linkSubmission(submission, deps);
        }
        return result;
      });
    },

    async check(name, submission, version) {
      const subject = parseSubject(name);
      const { linked, content } = await linkSubmission(submission, deps);
      const { versions, compatibility } = await store.subject(subject);
      const live = versions.filter(({ deleted }) => !deleted);
      const against =
        typeof version === "number"
          ? [await lookup.version(subject, version, { deleted: false })]
          : live.slice(version === "latest" ? -1 : 0);
      const verdict = await judge(linked, against, compatibility, lookup.schema);
      const existing = live.findLast((one) => one.content === content);
      return { ...verdict, existing, messages: linked.messages };
    },

    async lookUp(name, submission, options) {
      const subject = parseSubject(name);
      const visible = await visibleVersions(store, subject, options);
      const { content } = await linkSubmission(submission, deps);
      const found = visible.findLast((version) => version.content === content);
      if (found !== undefined) {
        return await lookup.version(subject, found.version, { deleted: true });
      }
      throw new RegistryFailure(
        "schema_not_found",
        `Subject ${quoted(subject)} has no such schema`,
      );
    },
  };
}

/** "changed" when another node changed the subject between the decision and the write. */
async function registerOnce(
  { store, lookup }: RegistrationDeps,
  subject: string,
  { linked, content, text, references }: LinkedSubmission,
  dryRun: boolean,
): Promise<Registration | "changed"> {
  const { versions, mode, compatibility, revision } = await store.subject(subject);
  const live = versions.filter(({ deleted }) => !deleted);
  const existing = live.findLast((version) => version.content === content);
  if (existing !== undefined) return { schema: existing, existed: true };
  if (mode === "READONLY") throw readOnly(subject);
  const verdict = await judge(linked, live, compatibility, lookup.schema);
  if (!verdict.compatible) throw incompatible(subject, verdict);

  const { file, hash, messages, set } = linked;
  const schema = { guid: guidFromContent(content), hash, file, messages };
  if (dryRun) {
    return { schema: { ...schema, subject, version: 0, id: 0, deleted: false }, existed: false };
  }
  const added = await store.addVersion({
    ...{ subject, revision, content, text, references },
    schema: { ...schema, set },
  });
  return added === "changed" ? added : { schema: added, existed: false };
}

function readOnly(subject: string): RegistryFailure {
  return new RegistryFailure(
    "read_only",
    `Cannot change subject ${quoted(subject)}: its mode is READONLY, expected READWRITE`,
  );
}
