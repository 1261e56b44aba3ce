-- Measurements as rows (src/store/measurement-projection.ts, src/store/measurement-partitions.ts).
-- Written by hand: drizzle-kit knows no partitions.
CREATE TABLE series_tags (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag text COLLATE "C" NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
--> statement-breakpoint
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    -- Chunks of an hour, compressed by tag once they are two hours old.
    CREATE TABLE measurements (
      time bigint NOT NULL,
      tag integer NOT NULL,
      vals bytea NOT NULL,
      PRIMARY KEY (tag, time)
    );
    PERFORM create_hypertable('measurements', 'time', chunk_time_interval => 3600000000000);
    CREATE FUNCTION measurements_now() RETURNS bigint LANGUAGE sql STABLE
      AS 'SELECT (extract(epoch FROM now()) * 1000000000)::bigint';
    PERFORM set_integer_now_func('measurements', 'measurements_now');
    ALTER TABLE measurements SET (
      timescaledb.compress, timescaledb.compress_segmentby = 'tag', timescaledb.compress_orderby = 'time'
    );
    PERFORM add_compression_policy('measurements', 7200000000000);
  ELSE
    -- One partition an hour, `measurements_<hours since 1970>`: made ahead, dropped whole by retention.
    CREATE TABLE measurements (
      -- Nanoseconds since 1970.
      time bigint NOT NULL,
      -- Of series_tags. No foreign key: a tag is never deleted, and a check a row is half the cost again.
      tag integer NOT NULL,
      -- float64, little-endian, packed: exact, and without the header of an array.
      vals bytea NOT NULL,
      PRIMARY KEY (tag, time)
    ) PARTITION BY RANGE (time);
  END IF;
END $$;
--> statement-breakpoint
-- Which ten seconds of which tag have changed since they were last rolled up; `bucket` is the time
-- divided by 10 s, rounded down.
CREATE TABLE series_dirty (
  tag integer NOT NULL,
  bucket bigint NOT NULL,
  PRIMARY KEY (tag, bucket)
)
-- As many rows come and go as there are active tags, every ten seconds.
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
