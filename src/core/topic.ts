/** Topics: named, ordered, durable sequences of records. */

import { invalidField, quoted } from "./failure.ts";
import { isDotSegment } from "./parse.ts";

/**
 * How records are stored in the log. `records`: each is a separate entry, which other clients of the
 * broker can read; reading one key is cheap. `frames`: many records in one entry (a
 * `sluice.v1.Frame`), for topics with more records than separate entries allow; reading one key reads
 * the others as well.
 */
export type Layout = "records" | "frames";

/**
 * What each record must fulfil. `none`: nothing. `id`: it names a schema of the registry. `validated`:
 * its bytes are a message of that schema and satisfy the schema's rules.
 */
export const schemaRules = ["none", "id", "validated"] as const;
export type SchemaRule = (typeof schemaRules)[number];

/** How much of a topic is kept. */
export interface TopicRetention {
  /** Records older than this may be dropped; 0 keeps them. */
  readonly retentionMs: number;
  /** The oldest are dropped past this size; 0 sets no limit. */
  readonly retentionBytes: number;
}

/** What may change while the topic exists. The schema rule counts for records that come from then on. */
export interface ChangeableSettings extends TopicRetention {
  readonly schema: SchemaRule;
}

export interface TopicSettings extends ChangeableSettings {
  readonly layout: Layout;
}

/** Members that are left out stay as they are. */
export type TopicChange = Partial<ChangeableSettings>;

export const defaultTopicSettings: TopicSettings = {
  layout: "records",
  // A day: the measurements' default, and long enough to resume after a night.
  retentionMs: 24 * 60 * 60 * 1000,
  // 8 GiB: a laptop's disk survives a forgotten simulation.
  retentionBytes: 8 * 1024 ** 3,
  schema: "none",
};

const namePattern = /^[A-Za-z0-9._-]{1,200}$/;

/** Returns the name, or throws `invalid` naming `field`. */
export function parseName(name: string, field: string): string {
  if (namePattern.test(name) && !isDotSegment(name)) return name;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(name)}: expected 1 to 200 characters of A-Z a-z 0-9 . _ -`,
  );
}

/** The members in which two settings differ. */
export function differingSettings(
  a: TopicSettings,
  b: TopicSettings,
): readonly (keyof TopicSettings)[] {
  const members = ["layout", "retentionMs", "retentionBytes", "schema"] as const;
  return members.filter((member) => a[member] !== b[member]);
}
