/** Topics: named, ordered, durable sequences of records. */
import { invalidField, quoted } from "./failure.ts";

/**
 * How records lie in the log. `records`: each is an entry of its own that other clients of the
 * broker can read, and a key can be read by itself cheaply. `frames`: many records in one entry
 * (a `sluice.v1.Frame`), for topics that take in more than single entries can carry; reading one
 * key reads past the others.
 */
export type Layout = "records" | "frames";

/**
 * What the gate asks of each record. `none`: nothing. `id`: that it names a schema of the registry.
 * `validated`: that its bytes are a message of that schema, which holds to the schema's rules.
 */
export const schemaRules = ["none", "id", "validated"] as const;
export type SchemaRule = (typeof schemaRules)[number];

export interface TopicSettings {
  readonly layout: Layout;
  /** Records older than this may be dropped; 0 keeps them. */
  readonly retentionMs: number;
  /** The oldest are dropped past this size; 0 sets no limit. */
  readonly retentionBytes: number;
  readonly schema: SchemaRule;
}

export const defaultTopicSettings: TopicSettings = {
  layout: "records",
  // A day: what the measurements keep by default, and long enough to come back after a night.
  retentionMs: 24 * 60 * 60 * 1000,
  // 8 GiB: a laptop's disk survives a forgotten simulation.
  retentionBytes: 8 * 1024 ** 3,
  schema: "none",
};

const namePattern = /^[A-Za-z0-9._-]{1,200}$/;

/** Returns the name, or throws `invalid` naming `field`. */
export function parseName(name: string, field: string): string {
  // An address with "." or ".." in it means another one.
  if (namePattern.test(name) && name !== "." && name !== "..") return name;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(name)}: expected 1 to 200 characters of A-Z a-z 0-9 . _ -`,
  );
}

export function sameSettings(a: TopicSettings, b: TopicSettings): boolean {
  return (
    a.layout === b.layout &&
    a.retentionMs === b.retentionMs &&
    a.retentionBytes === b.retentionBytes &&
    a.schema === b.schema
  );
}
