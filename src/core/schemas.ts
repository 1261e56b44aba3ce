/**
 * Records and their schemas, as the gate and those who read decoded records see them: ports that the
 * registry implements. Batches are answered at once where every schema is at hand; otherwise the
 * answer comes later, in the same order.
 */
import type { Issue } from "./failure.ts";
import type { LogRecord } from "./record.ts";
import type { SchemaRule } from "./topic.ts";

/** What tells a record's schema, and what is held against it. */
export type SchemaRecord = Pick<LogRecord, "value" | "contentType" | "schemaId" | "headers">;

/** The schema and the message that a record is written in. */
export interface RecordSchema {
  /** The registry's global id. */
  readonly id: number;
  /** The message's full name; undefined where the schema is not there, or has no such message. */
  readonly name: string | undefined;
}

/**
 * A record that names a schema. `json`: its value as canonical protobuf JSON, or the record's own
 * text where it was JSON to begin with. `issue`: why there is none.
 */
export type DecodedRecord =
  | { readonly schema: RecordSchema; readonly json: string }
  | { readonly schema: RecordSchema | undefined; readonly issue: Issue };

/** An answer for each record of a batch, in its order. */
export type Answers<Answer> = readonly Answer[] | Promise<readonly Answer[]>;

export interface RecordChecks {
  /**
   * What is wrong with each record under the rule; undefined: nothing. `field` is `schema_id` where
   * it is about which schema, else the path in the message. Rejects with `unavailable` when a schema
   * cannot be had: nothing is known of the record then.
   */
  check(
    rule: Exclude<SchemaRule, "none">,
    records: readonly SchemaRecord[],
  ): Answers<Issue | undefined>;
}

export interface RecordDecoder {
  /** Undefined for those that name no schema. Rejects with `unavailable` as `check` does. */
  decode(records: readonly SchemaRecord[]): Answers<DecodedRecord | undefined>;
}
