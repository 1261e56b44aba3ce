-- What measurements come to per tag and bucket of 10 s, 1 min and 10 min (src/store/series-rollups.ts).
-- Written by hand: drizzle-kit knows no partitions.
-- One partition a day, `series_rollups_<days since 1970>`: made by the roller, dropped by retention.
-- Statistics are float64, little-endian, packed, one for each value column; a bucket of one
-- measurement has none, they all follow from it.
CREATE TABLE series_rollups (
  -- 1: 10 s, 2: 1 min, 3: 10 min.
  level smallint NOT NULL,
  tag integer NOT NULL,
  -- Where the bucket begins, in nanoseconds since 1970.
  time bigint NOT NULL,
  count bigint NOT NULL,
  first_time bigint NOT NULL,
  first_vals bytea NOT NULL,
  last_time bigint NOT NULL,
  last_vals bytea NOT NULL,
  mins bytea,
  maxs bytea,
  -- Nanoseconds from the bucket's begin to the (first) smallest and largest value.
  min_at bytea,
  max_at bytea,
  means bytea,
  -- Means weighted by time, from the first measurement to the bucket's end.
  twas bytea,
  -- Measurements that have the column, and nanoseconds for which it had a value: null where all do.
  counts bytea,
  helds bytea,
  PRIMARY KEY (tag, level, time)
) PARTITION BY RANGE (time);
--> statement-breakpoint
-- Buckets whose row is out of date; in level 1 they come from series_dirty, in the others from the
-- level below. A bucket that is in neither and has no row has no measurements.
CREATE TABLE series_due (
  level smallint NOT NULL,
  tag integer NOT NULL,
  time bigint NOT NULL,
  PRIMARY KEY (tag, level, time)
)
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
