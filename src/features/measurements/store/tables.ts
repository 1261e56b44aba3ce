/**
 * The tables of measurements. Their partitions are made by hand-written SQL, because Drizzle knows
 * none: see `partitions.ts`, `rollups.ts` and the migrations.
 */

import { bigint, integer, pgTable, primaryKey, smallint, timestamp } from "drizzle-orm/pg-core";
import { bytea, orderedText } from "../../../postgres/columns.ts";

export const seriesTags = pgTable("series_tags", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  tag: orderedText().notNull().unique("series_tags_tag_key"),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
});

/** One partition an hour, `measurements_<hours since 1970>`, or a hypertable of TimescaleDB. */
export const measurements = pgTable(
  "measurements",
  {
    /** Nanoseconds since 1970. */
    time: bigint({ mode: "bigint" }).notNull(),
    /** Id in `series_tags`. A foreign key would add half to the cost of a row, and no tag is deleted. */
    tag: integer().notNull(),
    /** float64, little-endian, packed: exact, and without the header of an array. */
    vals: bytea().notNull(),
  },
  (table) => [primaryKey({ name: "measurements_pkey", columns: [table.tag, table.time] })],
);

/** Buckets of ten seconds that have changed since they were last rolled up. */
export const seriesDirty = pgTable(
  "series_dirty",
  {
    tag: integer().notNull(),
    /** The time divided by 10 s, rounded down. */
    bucket: bigint({ mode: "bigint" }).notNull(),
  },
  (table) => [primaryKey({ name: "series_dirty_pkey", columns: [table.tag, table.bucket] })],
);

/**
 * Measurements rolled up by tag and bucket; one partition a day, `series_rollups_<days since 1970>`.
 * Statistics are float64, little-endian, packed, one for each value column. A bucket of one
 * measurement stores none, because they all follow from it.
 */
export const seriesRollups = pgTable(
  "series_rollups",
  {
    /** 1: 10 s, 2: 1 min, 3: 10 min. */
    level: smallint().notNull(),
    tag: integer().notNull(),
    /** Start of the bucket, in nanoseconds since 1970. */
    time: bigint({ mode: "bigint" }).notNull(),
    count: bigint({ mode: "number" }).notNull(),
    firstTime: bigint("first_time", { mode: "bigint" }).notNull(),
    firstVals: bytea("first_vals").notNull(),
    lastTime: bigint("last_time", { mode: "bigint" }).notNull(),
    lastVals: bytea("last_vals").notNull(),
    mins: bytea(),
    maxs: bytea(),
    /** Nanoseconds from the start of the bucket to the (first) smallest and largest value. */
    minAt: bytea("min_at"),
    maxAt: bytea("max_at"),
    means: bytea(),
    /** Means weighted by time, from the first measurement to the end of the bucket. */
    twas: bytea(),
    /** Number of measurements that have the column; null where all have it. */
    counts: bytea(),
    /** Nanoseconds for which the column had a value; null where that follows from the first time. */
    helds: bytea(),
  },
  (table) => [
    primaryKey({ name: "series_rollups_pkey", columns: [table.tag, table.level, table.time] }),
  ],
);

/**
 * Buckets whose rollup is out of date. Those of level 1 come from `series_dirty`, the others from the
 * level below. A bucket that is in neither table and has no rollup has no measurements.
 */
export const seriesDue = pgTable(
  "series_due",
  {
    level: smallint().notNull(),
    tag: integer().notNull(),
    time: bigint({ mode: "bigint" }).notNull(),
  },
  (table) => [
    primaryKey({ name: "series_due_pkey", columns: [table.tag, table.level, table.time] }),
  ],
);

/**
 * What the lists by rate and by silence are sorted by: one row for each tag that has been rolled up, as
 * of its last rollup, which is written up to 16 s after the measurements.
 */
export const seriesActivity = pgTable("series_activity", {
  tag: integer().primaryKey(),
  /** Time of the newest measurement. */
  lastTime: bigint("last_time", { mode: "bigint" }).notNull(),
  /** Start of the newest bucket of 10 s that is rolled up. */
  bucket: bigint({ mode: "bigint" }).notNull(),
  /** Measurements in the minute that ends with this bucket. */
  counted: bigint({ mode: "number" }).notNull(),
});
