/** What the catalog shows of the registry, and the port to its store. */

import type { GrantedNames } from "../../../core/access/grant.ts";
import type { Compatibility, RegistryMode, SchemaVersion } from "../registry-port.ts";

export interface SubjectListing {
  /** Part of the name, in any case of letters; empty: all. */
  readonly text: string;
  readonly after: string | undefined;
  readonly limit: number;
  /** Whether deleted versions are included. */
  readonly deleted: boolean;
  /** Only these subjects; undefined: all. */
  readonly names?: GrantedNames | undefined;
}

export interface DatedVersion extends SchemaVersion {
  readonly registeredMs: number;
}

export interface ListedSubject {
  readonly subject: string;
  readonly versions: number;
  readonly latest: DatedVersion;
  /** Undefined: that of all subjects. */
  readonly ownCompatibility: Compatibility | undefined;
  readonly ownMode: RegistryMode | undefined;
}

/** Versions of one subject, newest first. */
export interface VersionListing {
  readonly subject: string;
  readonly before: number | undefined;
  readonly limit: number;
  readonly deleted: boolean;
}

export interface VersionName {
  readonly subject: string;
  readonly version: number;
}

/** `from` imports `to` by the path `name`. */
export interface Import {
  readonly from: VersionName & { readonly id: number; readonly deleted: boolean };
  readonly to: VersionName & { readonly id: number; readonly deleted: boolean };
  readonly name: string;
}

/** A topic in which records of a schema were seen. */
export interface TopicUse {
  readonly topic: string;
  readonly firstMs: number;
  readonly lastMs: number;
  /** The schema that was seen last, and the number of those that were asked about. */
  readonly id: number;
  readonly schemas: number;
}

export interface TopicUseListing {
  /** A schema, or all of a subject's. */
  readonly of: { readonly id: number } | { readonly subject: string };
  readonly after: string | undefined;
  readonly limit: number;
  /** Only these topics; undefined: all. */
  readonly topics?: GrantedNames | undefined;
}

/** A schema that was seen in records of a topic. */
export interface SchemaUse {
  readonly id: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Some of the versions that have it. */
  readonly subjects: readonly VersionName[];
}

export interface SchemaUseListing {
  readonly topic: string;
  /** Ids below this one. */
  readonly before: number | undefined;
  readonly limit: number;
  /** Versions of these subjects are named; undefined: of all. */
  readonly names?: GrantedNames | undefined;
}

/** Every method throws `unavailable` while the store cannot be reached. */
export interface CatalogStore {
  /** By name. */
  subjectPage(listing: SubjectListing): Promise<readonly ListedSubject[]>;
  versionPage(listing: VersionListing): Promise<readonly DatedVersion[]>;
  /** What the versions import, or what imports them; at most `limit`. */
  imports(
    versions: readonly VersionName[],
    direction: "imported" | "importing",
    limit: number,
  ): Promise<readonly Import[]>;
  /** By topic. */
  topicUses(listing: TopicUseListing): Promise<readonly TopicUse[]>;
  /** By id, the newest first. */
  schemaUses(listing: SchemaUseListing): Promise<readonly SchemaUse[]>;
  /** Notes when a schema was last seen in a topic. */
  recordUses(uses: readonly { topic: string; id: number; ms: number }[]): Promise<void>;
  /** Drops what is known of a topic that was removed. */
  forgetTopic(topic: string): Promise<void>;
  /** Drops what has not been seen for a long time. */
  purgeUses(): Promise<void>;
}
