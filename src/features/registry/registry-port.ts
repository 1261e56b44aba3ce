/** Schemas as the registry keeps them, and the ports behind it: its store, and its compiler. */
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.ts";

/** What a subject's next version must keep; `BACKWARD` where nothing else was said. */
export const compatibilities = [
  "NONE",
  "BACKWARD",
  "BACKWARD_TRANSITIVE",
  "FORWARD",
  "FORWARD_TRANSITIVE",
  "FULL",
  "FULL_TRANSITIVE",
] as const;
/**
 * Who has to be understood. BACKWARD: the new schema reads what the newest earlier one wrote.
 * FORWARD: the newest earlier one reads what the new one writes. FULL: both. TRANSITIVE: with all
 * earlier ones.
 */
export type Compatibility = (typeof compatibilities)[number];
export const defaultCompatibility: Compatibility = "BACKWARD";

/** Whether a subject takes new versions. */
export const registryModes = ["READWRITE", "READONLY"] as const;
export type RegistryMode = (typeof registryModes)[number];
export const defaultMode: RegistryMode = "READWRITE";

/** The subject that stands for all: its settings hold where a subject has none of its own. */
export const allSubjects = "";

/** An import (`name` is its path) that is a schema of the registry. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** Under one global id, for good: what is registered never changes. */
export interface StoredSchema {
  readonly id: number;
  /** A UUID that follows from the content: the same in every registry. */
  readonly guid: string;
  /** SHA-256 of `set` and `file`, lower-case hex. */
  readonly hash: string;
  /** Path of its own file in `set`. */
  readonly file: string;
  /** Canonical google.protobuf.FileDescriptorSet, closed over imports. */
  readonly set: Uint8Array;
  /** Full names of the messages of its own file, nested ones included, in declaration order. */
  readonly messages: readonly string[];
}

/** A schema as it stands under a subject. */
export interface SchemaVersion extends Omit<StoredSchema, "set"> {
  readonly subject: string;
  /** From 1; a number is never given twice. */
  readonly version: number;
  /** Deleted, but not for good. */
  readonly deleted: boolean;
}

/** A version and how it was registered. */
export interface RegisteredSchema extends SchemaVersion {
  /** The `.proto` text that was sent; undefined where descriptors were. */
  readonly text: string | undefined;
  readonly references: readonly SchemaReference[];
}

/** A version with its content: what makes two schemas one. */
export type StoredVersion = SchemaVersion & { readonly content: string };

/** What a decision about a subject is made on. */
export interface SubjectState {
  /** Unlike before once anything of the subject, or of what holds for all, was changed. */
  readonly revision: number;
  /** Oldest first, deleted ones included. */
  readonly versions: readonly StoredVersion[];
  readonly compatibility: Compatibility;
  readonly mode: RegistryMode;
}

export interface NewVersion {
  readonly subject: string;
  /** The state that the decision was made on. */
  readonly revision: number;
  /** What makes two schemas one: their ids are equal when this is. */
  readonly content: string;
  readonly schema: Omit<StoredSchema, "id">;
  readonly text: string | undefined;
  readonly references: readonly SchemaReference[];
}

/** A part of what is there, by subject. */
export interface Listing {
  /** Of the subject's name. */
  readonly prefix: string;
  /** Deleted ones, too. */
  readonly deleted: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** Settings of a subject, or of all: undefined where it has none of its own. */
export interface RegistrySettings {
  readonly compatibility: Compatibility | undefined;
  readonly mode: RegistryMode | undefined;
}

export const changeKinds = [
  "registered",
  "version_deleted",
  "version_purged",
  "config_changed",
  "mode_changed",
] as const;
export type ChangeKind = (typeof changeKinds)[number];

export interface RegistryChange {
  /** One more than that of the change before, in the order of commits. */
  readonly revision: number;
  readonly kind: ChangeKind;
  /** `allSubjects` where it is about the settings of all. */
  readonly subject: string;
  /** 0 where it is about no version. */
  readonly version: number;
  readonly id: number;
}

/** Every method throws `unavailable` while the store is away. */
export interface RegistryStore {
  schema(id: number): Promise<StoredSchema | undefined>;
  idOfGuid(guid: string): Promise<number | undefined>;
  /** The newest schema with a version that is not deleted whose own file declares the message. */
  idOfMessage(fullName: string): Promise<number | undefined>;
  /** Every version with this id, by subject. */
  versionsOfId(id: number): Promise<readonly RegisteredSchema[]>;
  subject(name: string): Promise<SubjectState>;
  version(subject: string, version: number): Promise<RegisteredSchema | undefined>;
  /** Ids of what imports a version, by reference. */
  referencedBy(subject: string, version: number): Promise<readonly number[]>;
  /** Names of those that have versions. */
  subjects(wanted: Listing): Promise<readonly string[]>;
  /** By subject and version. */
  versions(
    wanted: Listing & { readonly latestOnly: boolean },
  ): Promise<readonly RegisteredSchema[]>;
  /**
   * Adds the next version. "changed" when the subject is no longer in the state `revision`, or a
   * reference is gone: then nothing was written, and the decision is to be made again.
   */
  addVersion(version: NewVersion): Promise<SchemaVersion | "changed">;
  /**
   * Deletes versions, softly or for good. "referenced" when others import one of them; "changed"
   * as above.
   */
  deleteVersions(options: {
    readonly subject: string;
    readonly revision: number;
    readonly versions: readonly number[];
    readonly permanent: boolean;
  }): Promise<"deleted" | "referenced" | "changed">;
  settings(subject: string): Promise<RegistrySettings>;
  /** Sets what is given; `null` takes a setting away. */
  setSettings(
    subject: string,
    settings: {
      readonly compatibility?: Compatibility | null;
      readonly mode?: RegistryMode | null;
    },
  ): Promise<void>;
  /** The newest change's; 0 where there was none. */
  revision(): Promise<number>;
  /** In order, those after `revision`. */
  changesAfter(revision: number, limit: number): Promise<readonly RegistryChange[]>;
  /**
   * Calls back soon after any node changed something, and whenever such a call may have been
   * missed. The answer ends it. Calls may be late or lost: it only shortens the wait for a poll.
   */
  listen(callback: () => void): () => Promise<void>;
}

/** The path under which a text that was sent without one is compiled: its author knows none. */
export const unnamedFile = "schema.proto";

/** Compiles `.proto` text to descriptors. */
export interface SchemaCompiler {
  /**
   * A google.protobuf.FileDescriptorSet of `file` and all that it imports. `files` are texts by
   * import path; google/protobuf and `imports()` need not be among them. Throws `invalid` with an
   * issue for each error, whose `field` is `<path>:<line>:<column>`, or `<line>:<column>` in
   * `unnamedFile`; `too_large`, `overloaded` and `deadline_exceeded` past its bounds.
   */
  compile(files: ReadonlyMap<string, string>, file: string): Promise<Uint8Array>;
  /** Paths, apart from google/protobuf, that every schema may import without sending them. */
  imports(): Promise<readonly string[]>;
}

/** Why the registry cannot do what it is asked, more closely than a failure's code. */
const reasons = {
  subject_not_found: "not_found",
  version_not_found: "not_found",
  schema_not_found: "not_found",
  config_not_found: "not_found",
  mode_not_found: "not_found",
  subject_deleted: "not_found",
  subject_not_deleted: "conflict",
  version_deleted: "not_found",
  version_not_deleted: "conflict",
  incompatible: "incompatible",
  invalid_schema: "invalid",
  invalid_subject: "invalid",
  invalid_version: "invalid",
  invalid_compatibility: "invalid",
  invalid_mode: "invalid",
  read_only: "forbidden",
  referenced: "conflict",
} as const satisfies Record<string, FailureCode>;
export type RegistryReason = keyof typeof reasons;

/** A failure of the registry; Confluent's error codes follow from `reason`. */
export class RegistryFailure extends Failure {
  readonly reason: RegistryReason;

  constructor(reason: RegistryReason, message: string, details: FailureDetails = {}) {
    super(reasons[reason], message, details);
    this.name = "RegistryFailure";
    this.reason = reason;
  }
}
