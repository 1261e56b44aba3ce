/** The registry as people look at it: pages of subjects and versions, what changed, what refers to what. */

import { messageOf } from "../link/descriptors.ts";
import type { Lookup } from "../lookup.ts";
import type { RegistryStore } from "../registry-port.ts";
import { mayBeStored, parseSubject } from "../subject.ts";
import type {
  CatalogStore,
  DatedVersion,
  ListedSubject,
  SchemaUse,
  SchemaUseListing,
  SubjectListing,
  TopicUse,
  TopicUseListing,
  VersionListing,
} from "./catalog-port.ts";
import { type ReferenceGraph, referenceGraph } from "./graph.ts";
import { templateOf, type TemplateValue } from "./template.ts";
import { compareVersions, type VersionComparison } from "./version-comparison.ts";

export interface Template {
  readonly id: number;
  /** Full name of the message. */
  readonly message: string;
  /** Full names of the messages that the schema declares. */
  readonly messages: readonly string[];
  readonly template: TemplateValue;
}

export interface Catalog {
  subjectPage(listing: SubjectListing): Promise<readonly ListedSubject[]>;
  /** Throws `subject_not_found` where no version is visible. */
  versionPage(listing: VersionListing): Promise<readonly DatedVersion[]>;
  /**
   * What changed from version `from` to version `to`. Throws `subject_not_found` or
   * `version_not_found`.
   */
  compare(subject: string, from: number, to: number | "latest"): Promise<VersionComparison>;
  /** What the version imports and what imports it. Throws as `compare`. */
  graph(
    subject: string,
    version: number | "latest",
    isShown?: (subject: string) => boolean,
  ): Promise<ReferenceGraph>;
  topicUses(listing: TopicUseListing): Promise<readonly TopicUse[]>;
  schemaUses(listing: SchemaUseListing): Promise<readonly SchemaUse[]>;
  /** Of the schema's message, by default the first. Throws `schema_not_found` or `not_found`. */
  template(id: number, message?: string): Promise<Template>;
}

export function createCatalog(
  store: Pick<RegistryStore, "subject"> & CatalogStore,
  lookup: Pick<Lookup, "schema" | "version" | "versionsOf">,
): Catalog {
  return {
    subjectPage: async (listing) =>
      mayBeStored(listing.text) ? await store.subjectPage(listing) : [],

    async versionPage(listing) {
      const subject = parseSubject(listing.subject);
      const found = await store.versionPage({ ...listing, subject });
      // Says that the subject is missing, where it is.
      if (found.length === 0) await lookup.versionsOf(subject, listing);
      return found;
    },

    async compare(subject, from, to) {
      const visible = { deleted: true };
      const earlier = await lookup.version(subject, from, visible);
      const later = await lookup.version(subject, to, visible);
      const { compatibility } = await store.subject(earlier.subject);
      const written = await lookup.schema(earlier.id);
      const changed = await lookup.schema(later.id);
      const { differences, isCut } = compareVersions(written, changed, compatibility);
      const versions = { from: earlier.version, to: later.version };
      return { ...versions, compatibility, differences, isCut };
    },

    async graph(subject, version, isShown = () => true) {
      const root = await lookup.version(subject, version, { deleted: true });
      return await referenceGraph(store, root, isShown);
    },

    topicUses: (listing) => store.topicUses(listing),
    schemaUses: (listing) => store.schemaUses(listing),

    async template(id, name) {
      const schema = await lookup.schema(id);
      const message = messageOf(schema, name);
      const { messages } = schema;
      return { id, message: message.typeName, messages, template: templateOf(message) };
    },
  };
}
