/** The registry's types, and the ports behind it: its store and its compiler. */

import type { GrantedNames } from "../../core/access/grant.ts";
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.ts";

/** What a subject's next version must preserve. */
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
 * BACKWARD: the new schema reads what the newest earlier one wrote. FORWARD: the newest earlier one
 * reads what the new one writes. FULL: both. TRANSITIVE: the same with all earlier ones.
 */
export type Compatibility = (typeof compatibilities)[number];
export const defaultCompatibility: Compatibility = "BACKWARD";

/** Whether a subject takes new versions. */
export const registryModes = ["READWRITE", "READONLY"] as const;
export type RegistryMode = (typeof registryModes)[number];
export const defaultMode: RegistryMode = "READWRITE";

/** Stands for all subjects: its settings apply where a subject has no own setting. */
export const allSubjects = "";

/** An import that is a schema of the registry; `name` is its path. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A schema under one global id, which never changes. */
export interface StoredSchema {
  readonly id: number;
  /** A UUID derived from the content: the same in every registry. */
  readonly guid: string;
  /** SHA-256 of `set` and `file`, lower-case hex. */
  readonly hash: string;
  /** Path of the schema's file in `set`. */
  readonly file: string;
  /** Canonical google.protobuf.FileDescriptorSet, closed over imports. */
  readonly set: Uint8Array;
  /** Full names of the messages of its file, including nested ones, in declaration order. */
  readonly messages: readonly string[];
}

/** A version of a subject. */
export interface SchemaVersion extends Omit<StoredSchema, "set"> {
  readonly subject: string;
  /** From 1; a number is never reused. */
  readonly version: number;
  /** Whether it is deleted softly, and not purged. */
  readonly deleted: boolean;
}

/** A version, and how it was registered. */
export interface RegisteredSchema extends SchemaVersion {
  /** The `.proto` text that was sent; undefined where descriptors were. */
  readonly text: string | undefined;
  readonly references: readonly SchemaReference[];
}

/** A version with its content, the identity of its schema. */
export type StoredVersion = SchemaVersion & { readonly content: string };

/** The state on which a decision about a subject is based. */
export interface SubjectState {
  /** Changes with every change of the subject or of the settings of all subjects. */
  readonly revision: number;
  /** Oldest first, including deleted ones. */
  readonly versions: readonly StoredVersion[];
  readonly compatibility: Compatibility;
  readonly mode: RegistryMode;
}

export interface NewVersion {
  readonly subject: string;
  /** The state on which the decision was based. */
  readonly revision: number;
  /** The identity of a schema: equal content has an equal id. */
  readonly content: string;
  readonly schema: Omit<StoredSchema, "id">;
  readonly text: string | undefined;
  readonly references: readonly SchemaReference[];
}

/** A page of what is registered, by subject. */
export interface Listing {
  /** Prefix of the subject's name. */
  readonly prefix: string;
  /** Whether deleted versions are included. */
  readonly deleted: boolean;
  readonly offset: number;
  readonly limit: number;
  /** Only these subjects; undefined: all. */
  readonly names?: GrantedNames | undefined;
}

/** The own settings of a subject, or those of all subjects; undefined where not set. */
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
  /** Increases by one with each change, in the order of commits. */
  readonly revision: number;
  readonly kind: ChangeKind;
  /** `allSubjects` for the settings of all subjects. */
  readonly subject: string;
  /** 0 where the change is not about a version. */
  readonly version: number;
  readonly id: number;
}

/** Numbers of what is registered, on all nodes. */
export interface RegistryCounts {
  /** Names of subjects, also of those whose versions were deleted: the numbers of versions are kept. */
  readonly subjects: number;
  /** Versions of all subjects, including those that can be restored. */
  readonly versions: number;
}

/** Every method throws `unavailable` while the store cannot be reached. */
export interface RegistryStore {
  schema(id: number): Promise<StoredSchema | undefined>;
  idOfGuid(guid: string): Promise<number | undefined>;
  /** The newest schema that has a live version, of one of these subjects, and whose file declares the message. */
  idOfMessage(fullName: string, names?: GrantedNames): Promise<number | undefined>;
  /** Every version with this id, by subject. */
  versionsOfId(id: number): Promise<readonly RegisteredSchema[]>;
  subject(name: string): Promise<SubjectState>;
  version(subject: string, version: number): Promise<RegisteredSchema | undefined>;
  /** Ids of the schemas that import the version, by reference. */
  referencedBy(subject: string, version: number): Promise<readonly number[]>;
  /** Names of the subjects that have versions. */
  subjects(listing: Listing): Promise<readonly string[]>;
  /** By subject and version. */
  versions(
    listing: Listing & { readonly latestOnly: boolean },
  ): Promise<readonly RegisteredSchema[]>;
  /**
   * Adds the next version. Returns "changed", and writes nothing, when the subject is no longer in the
   * state `revision` or a reference was deleted: the decision must be made again. Throws `overloaded`
   * past the bounds on subjects and versions.
   */
  addVersion(version: NewVersion): Promise<SchemaVersion | "changed">;
  /**
   * Deletes versions, softly or permanently. Returns "referenced" when other schemas import one of
   * them, "changed" as above.
   */
  deleteVersions(options: {
    readonly subject: string;
    readonly revision: number;
    readonly versions: readonly number[];
    readonly permanent: boolean;
  }): Promise<"deleted" | "referenced" | "changed">;
  settings(subject: string): Promise<RegistrySettings>;
  /** Sets the given settings; `null` removes one. */
  setSettings(
    subject: string,
    settings: {
      readonly compatibility?: Compatibility | null;
      readonly mode?: RegistryMode | null;
    },
  ): Promise<void>;
  counts(): Promise<RegistryCounts>;
  /** The revision of the newest change; 0 before the first. */
  revision(): Promise<number>;
  /** Changes after `revision`, in order. */
  changesAfter(revision: number, limit: number): Promise<readonly RegistryChange[]>;
  /**
   * Calls back soon after any node changed something, and whenever such a call may have been missed.
   * Calls may be late or lost, so callers must poll as well. The returned function stops it.
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

/** Reasons of the registry's failures, finer than their codes. */
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
