/** How a schema becomes a version of a subject. */
import {
  type Compatibility,
  RegistryFailure,
  type RegisteredSchema,
  type RegistryStore,
  type SchemaCompiler,
  type SchemaReference,
  type SchemaVersion,
  type StoredSchema,
  type SubjectState,
} from "./registry-port.ts";
import { Failure } from "../../core/failure.ts";
import { checkCompatibility, type Incompatibility } from "./compatibility/compatibility.ts";
import { contentOf, guidFromContent } from "./content.ts";
import type { LinkedSchema } from "./link/linked.ts";
import type { Referenced } from "./references.ts";
import { linkSource, type SchemaSource } from "./source.ts";
import { parseSubject, shown } from "./subject.ts";

export type { Incompatibility } from "./compatibility/compatibility.ts";

/** What is sent to be registered, checked or looked up. */
export interface Submission {
  readonly source: SchemaSource;
  /** A version of 0 means the newest. */
  readonly references: readonly SchemaReference[];
}

export interface Registration {
  /** In a dry run, id and version are 0 where they would be new. */
  readonly schema: SchemaVersion;
  /** Whether the subject had it before. */
  readonly existed: boolean;
}

export interface Verdict {
  readonly compatible: boolean;
  readonly incompatibilities: readonly Incompatibility[];
  readonly compatibility: Compatibility;
}

export interface RegistrationParts {
  readonly store: RegistryStore;
  readonly compiler: SchemaCompiler;
  readonly schema: (id: number) => Promise<StoredSchema>;
  readonly version: (
    subject: string,
    version: number | "latest",
    options: { readonly deleted: boolean },
  ) => Promise<RegisteredSchema>;
}

export interface Registrations {
  /**
   * Makes it the newest version, unless the subject has it. Throws `invalid_schema`,
   * `incompatible` with every reason in `errors`, `read_only`, and what a reference lacks.
   */
  register(
    subject: string,
    submission: Submission,
    options?: { readonly dryRun?: boolean },
  ): Promise<Registration>;
  /** Whether `register` would take it; against one version alone where that is given. */
  check(subject: string, submission: Submission, version?: number | "latest"): Promise<Verdict>;
  /** The version that has this schema; throws `subject_not_found` or `schema_not_found`. */
  lookUp(
    subject: string,
    submission: Submission,
    options: { readonly deleted: boolean },
  ): Promise<RegisteredSchema>;
}

/** References in one schema; each is a query, and a set to be linked with. */
const referencesMax = 100;
/** Others changed the subject in between so often: more than there are nodes that could. */
const attemptsMax = 50;

export function createRegistrations(parts: RegistrationParts): Registrations {
  const { store, compiler } = parts;

  async function link({ source, references }: Submission): Promise<Linked> {
    const referenced = await resolve(references);
    const linked = await linkSource(source, referenced, compiler);
    const content = contentOf(linked);
    return {
      linked,
      content,
      text: source.form === "text" ? source.text : undefined,
      references: referenced.map(({ reference }) => reference),
    };
  }

  async function resolve(references: readonly SchemaReference[]): Promise<Referenced[]> {
    checkReferences(references);
    return await Promise.all(
      references.map(async ({ name, subject, version: wanted }) => {
        const found = await parts.version(parseSubject(subject), wanted === 0 ? "latest" : wanted, {
          deleted: false,
        });
        const reference = { name, subject, version: found.version };
        return { reference, schema: await parts.schema(found.id) };
      }),
    );
  }

  async function verdict(
    state: Pick<SubjectState, "compatibility">,
    linked: LinkedSchema,
    earlier: readonly SchemaVersion[],
  ): Promise<Verdict> {
    const { compatibility } = state;
    // One by one, newest first: a subject may have more versions than fit in memory together.
    const incompatibilities: Incompatibility[] = [];
    for (const [at, { id }] of earlier.toReversed().entries()) {
      if (compatibility === "NONE") break;
      if (at > 0 && !compatibility.endsWith("_TRANSITIVE")) break;
      const found = checkCompatibility(linked, [await parts.schema(id)], compatibility);
      incompatibilities.push(...found.map((one) => ({ ...one, earlier: at })));
    }
    return { compatible: incompatibilities.length === 0, incompatibilities, compatibility };
  }

  return {
    async register(name, submission, { dryRun = false } = {}) {
      const subject = parseSubject(name);
      let sent = await link(submission);
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const { linked, content, text, references } = sent;
        const state = await store.subject(subject);
        const live = state.versions.filter((version) => !version.deleted);
        const standing = live.findLast((version) => version.content === content);
        if (standing !== undefined) return { schema: standing, existed: true };
        if (state.mode === "READONLY") throw readOnly(subject);
        const { compatible, ...reasons } = await verdict(state, linked, live);
        if (!compatible) throw incompatible(subject, live, reasons);

        const guid = guidFromContent(content);
        const { file, hash, messages, set } = linked;
        if (dryRun) {
          const unnumbered = { subject, version: 0, id: 0, deleted: false };
          return { schema: { ...unnumbered, guid, hash, file, messages }, existed: false };
        }
        const schema = await store.addVersion({
          ...{ subject, revision: state.revision, content, text, references },
          schema: { guid, hash, file, messages, set },
        });
        if (schema !== "changed") return { schema, existed: false };
        // What it refers to may be what has changed.
        if (references.length > 0) sent = await link(submission);
      }
      throw new Failure(
        "overloaded",
        `Cannot register under ${shown(subject)}: others changed it ${attemptsMax} times meanwhile`,
        { retryAfterMs: 1000 },
      );
    },

    async check(name, submission, version) {
      const subject = parseSubject(name);
      const { linked } = await link(submission);
      const state = await store.subject(subject);
      const live = state.versions.filter((one) => !one.deleted);
      if (version === undefined) return await verdict(state, linked, live);
      if (version === "latest") return await verdict(state, linked, live.slice(-1));
      const found = await parts.version(subject, version, { deleted: false });
      return await verdict(state, linked, [found]);
    },

    async lookUp(name, submission, { deleted }) {
      const subject = parseSubject(name);
      const { versions } = await store.subject(subject);
      const visible = versions.filter((version) => deleted || !version.deleted);
      if (visible.length === 0) {
        throw new RegistryFailure("subject_not_found", `There is no subject ${shown(subject)}`);
      }
      const { content } = await link(submission);
      const found = visible.findLast((version) => version.content === content);
      if (found === undefined) {
        throw new RegistryFailure(
          "schema_not_found",
          `Subject ${shown(subject)} has no such schema`,
        );
      }
      return await parts.version(subject, found.version, { deleted: true });
    },
  };
}

interface Linked {
  readonly linked: LinkedSchema;
  readonly content: string;
  readonly text: string | undefined;
  /** With their versions. */
  readonly references: readonly SchemaReference[];
}

function checkReferences(references: readonly SchemaReference[]): void {
  if (references.length > referencesMax) {
    throw new RegistryFailure(
      "invalid_schema",
      `Cannot use ${references.length} references: expected at most ${referencesMax}`,
    );
  }
  const names = references.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new RegistryFailure("invalid_schema", `Cannot use two references named ${shown(twice)}`);
  }
}

function readOnly(subject: string): RegistryFailure {
  return new RegistryFailure(
    "read_only",
    `Cannot change subject ${shown(subject)}: its mode is READONLY, expected READWRITE`,
  );
}

/** How many reasons are told one by one; the rest is counted. */
const reasonsMax = 100;

function incompatible(
  subject: string,
  live: readonly SchemaVersion[],
  { incompatibilities, compatibility }: Omit<Verdict, "compatible">,
): RegistryFailure {
  const errors = incompatibilities.slice(0, reasonsMax).map((one) => ({
    field: one.path,
    code: "incompatible" as const,
    message: describe(one, live),
  }));
  const rest = incompatibilities.length > 1 ? ` (and ${incompatibilities.length - 1} more)` : "";
  return new RegistryFailure(
    "incompatible",
    `Cannot register under ${shown(subject)}: it is not ${compatibility}: ${errors[0]?.message ?? ""}${rest}`,
    { errors },
  );
}

function describe(
  { type, path, message, earlier, direction }: Incompatibility,
  live: readonly SchemaVersion[],
): string {
  const version = live.at(-1 - earlier)?.version ?? 0;
  return `${type} at ${path}: ${message} (${direction.toLowerCase()}, version ${version})`;
}
