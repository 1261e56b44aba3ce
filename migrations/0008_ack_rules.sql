-- Ack rules, and what each of them has seen (src/store/ack-rule-store.ts, src/store/ack-ledger.ts).
-- Written by hand: every statement on these tables is.
CREATE TABLE ack_rules (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Names the rule's producer in the log: no other life of a rule, in any database, has the same.
  life uuid NOT NULL DEFAULT gen_random_uuid(),
  name text COLLATE "C" NOT NULL,
  config jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  -- Once it is set the rule is gone for everybody; what it has left is dropped little by little.
  removed_at timestamptz,
  -- Counts the owner's commits, which fences an owner that was replaced without knowing it.
  version bigint NOT NULL DEFAULT 0,
  producer_epoch bigint NOT NULL DEFAULT 0,
  acks bigint NOT NULL DEFAULT 0,
  notices bigint NOT NULL DEFAULT 0,
  complete bigint NOT NULL DEFAULT 0,
  late bigint NOT NULL DEFAULT 0,
  open bigint NOT NULL DEFAULT 0,
  overdue bigint NOT NULL DEFAULT 0,
  forgotten bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  without_id bigint NOT NULL DEFAULT 0,
  delays jsonb NOT NULL DEFAULT '{}'
)
-- Updated by every commit, in place.
WITH (fillfactor = 50);
--> statement-breakpoint
CREATE UNIQUE INDEX ack_rules_name ON ack_rules (name) WHERE removed_at IS NULL;
--> statement-breakpoint
CREATE TABLE ack_positions (
  rule bigint NOT NULL,
  topic text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  sequence bigint NOT NULL,
  idx integer NOT NULL,
  PRIMARY KEY (rule, topic)
)
WITH (fillfactor = 50);
--> statement-breakpoint
CREATE TABLE ack_ids (
  rule bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  -- 0 open, 1 overdue, 2 complete.
  state smallint NOT NULL,
  -- The first sighting in each of the rule's places, nanoseconds since 1970; null: none yet.
  seen bigint[] NOT NULL,
  -- Milliseconds since 1970.
  next_ms bigint NOT NULL,
  overdue_ms bigint,
  PRIMARY KEY (rule, id)
)
-- Most rows are written as often as the rule has places.
WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
-- The sweep goes along it and stops at the first row that is not due: neither open ids that have
-- time left nor those that are kept cost it anything.
CREATE INDEX ack_ids_next ON ack_ids (rule, next_ms);
--> statement-breakpoint
CREATE INDEX ack_ids_overdue ON ack_ids (rule, overdue_ms, id) WHERE state = 1;
--> statement-breakpoint
-- Committed, and not known to be in the log.
CREATE TABLE ack_outbox (
  rule bigint NOT NULL,
  -- 0 acks, 1 notices.
  output smallint NOT NULL,
  n bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  -- 0 complete, 1 overdue, 2 resolved, 3 forgotten.
  state smallint NOT NULL,
  late boolean NOT NULL,
  seen bigint[] NOT NULL,
  PRIMARY KEY (rule, output, n)
)
-- Every row is deleted a moment after it was made.
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
