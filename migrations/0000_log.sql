-- The log of the `postgres` driver (src/log/postgres). Written by hand: drizzle-kit knows neither
-- storage parameters nor partial indexes of this kind, and nothing here is queried through Drizzle.

-- One row is one life of a topic. A removed life stays as a tombstone, so that the epoch of the
-- next one is higher even when a clock went back.
CREATE TABLE log_topics (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  -- Milliseconds since the Unix epoch.
  epoch bigint NOT NULL,
  layout text NOT NULL CHECK (layout IN ('records', 'frames')),
  retention_ms bigint NOT NULL,
  retention_bytes bigint NOT NULL,
  -- Sequence of the newest record; drawn under this row's lock, so that the order of commits is
  -- the order of sequences and a tailing reader never overtakes a transaction in flight.
  last_seq bigint NOT NULL DEFAULT 0,
  -- Sequence of the newest record that retention has dropped.
  trimmed_seq bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  removed_ms bigint,
  UNIQUE (name, epoch)
)
-- Every append updates one row of this table. No index holds a changing column and each page is
-- almost empty, so the new version lands on the same page (HOT) and is pruned there.
WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE UNIQUE INDEX log_topics_live ON log_topics (name) WHERE removed_ms IS NULL;

-- One row is a run of records with adjacent sequences, as one sluice.v1.Frame. In the layout
-- `records` a run has one key; in the layout `frames` it has whatever was committed together.
-- No foreign key: its check would lock the topic's row once for each row inserted here.
CREATE TABLE log_entries (
  topic_id bigint NOT NULL,
  last_seq bigint NOT NULL,
  count integer NOT NULL,
  received_ns bigint NOT NULL,
  -- src/log/postgres/key-hash.ts; null without a key and in the layout `frames`.
  key_hash bigint,
  frame bytea NOT NULL,
  PRIMARY KEY (topic_id, last_seq)
);

-- Values are often compressed already, and a size without decompression bounds a read's batch.
ALTER TABLE log_entries ALTER COLUMN frame SET STORAGE EXTERNAL;

CREATE INDEX log_entries_key ON log_entries (topic_id, key_hash, last_seq)
WHERE key_hash IS NOT NULL;

-- Appends that may be sent again. A second insert of an id fails, and its append with it.
CREATE TABLE log_dedup (
  topic_id bigint NOT NULL,
  id bytea NOT NULL,
  first_seq bigint NOT NULL,
  count integer NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (topic_id, id)
);

CREATE INDEX log_dedup_at ON log_dedup (at_ms);
