-- What topics land in, typed, by SLUICE_RELATIONS (src/store/relation-*.ts): the tables themselves
-- are made when a gateway starts, in a schema of their own, from its mapping. Written by hand.
CREATE SCHEMA IF NOT EXISTS relations;
--> statement-breakpoint
CREATE TABLE relation_counts (
  relation text PRIMARY KEY,
  -- Records that became rows, and records that could not.
  taken bigint NOT NULL,
  refused bigint NOT NULL,
  -- Rows ever written to relation_refusals: a record may have several reasons.
  refusals bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE relation_refusals (
  relation text NOT NULL,
  -- Counted from 1 for each relation.
  number bigint NOT NULL,
  -- The record's position as every face renders it; tokens of a topic sort as bytes.
  position text COLLATE "C" NOT NULL,
  -- JSON Pointer; empty where it is about the whole record.
  field text NOT NULL,
  given text NOT NULL,
  message text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (relation, number)
);
