/**
 * Records and their schemas, as ingestion and the readers of decoded records see them: ports that the
 * registry implements. A batch is answered synchronously where every schema is cached, otherwise by a
 * promise.
 */

import type { Issue } from "./failure.ts";
import type { LogRecord } from "./record.ts";
import type { SchemaRule } from "./topic.ts";

/** What names a record's schema, and what is checked against it. */
export type SchemaRecord = Pick<LogRecord, "value" | "contentType" | "schemaId" | "headers">;

/** The schema and the message that a record is written in. */
export interface RecordSchema {
  /** The registry's global id. */
  readonly id: number;
  /** The message's full name; undefined where the schema does not exist or has no such message. */
  readonly name: string | undefined;
}

/**
 * A record that names a schema. `json`: its value as canonical protobuf JSON, or the record's text
 * where that is JSON already. `issue`: why it cannot be decoded.
 */
export type DecodedRecord =
  | { readonly schema: RecordSchema; readonly json: string }
  | { readonly schema: RecordSchema | undefined; readonly issue: Issue };

export type MaybePromise<T> = T | Promise<T>;

export interface RecordChecks {
  /**
   * What is wrong with each record under the rule, in their order; undefined: nothing. `field` is
   * `schema_id` where it is about which schema, else the path in the message. Rejects with
   * `unavailable` when a schema cannot be fetched: nothing is known of the record then. The registry
   * notes which schemas the accepted ones of `topic` have; undefined: they are stored nowhere.
   */
  check(
    rule: Exclude<SchemaRule, "none">,
    records: readonly SchemaRecord[],
    topic?: string,
  ): MaybePromise<readonly (Issue | undefined)[]>;
}

export interface RecordDecoder {
  /**
   * In their order; undefined for records that name no schema. Rejects as `check` does. The registry
   * notes which schemas the records of `topic` have.
   */
  decode(
    records: readonly SchemaRecord[],
    topic?: string,
  ): MaybePromise<readonly (DecodedRecord | undefined)[]>;
}

/** A version of a subject, as which a schema is registered. */
export interface SubjectVersion {
  readonly subject: string;
  readonly version: number;
}

export interface SubjectsOfSchemas {
  /**
   * The versions that each schema is registered as, those that were deleted aside; no more than some
   * seconds old. A schema that cannot be looked up has none. Show a caller only the subjects that it
   * may read.
   */
  subjectsOf(ids: Iterable<number>): MaybePromise<ReadonlyMap<number, readonly SubjectVersion[]>>;
}
