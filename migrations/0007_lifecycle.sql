-- Lifecycles as rows (src/store/lifecycle-projection.ts, src/store/lifecycle-store.ts,
-- src/store/lifecycle-upkeep.ts). Written by hand: arrays of one length, and collations.
CREATE TABLE lifecycles (
  message_id text COLLATE "C" NOT NULL,
  app_id text COLLATE "C" NOT NULL,
  -- Four arrays of one length: the names of the events, in order, and what is known of each. One row
  -- an id is a third of one row an event, and is read without a join.
  events text[] COLLATE "C" NOT NULL,
  -- Times are nanoseconds since 1970.
  firsts bigint[] NOT NULL,
  lasts bigint[] NOT NULL,
  counts bigint[] NOT NULL,
  total bigint NOT NULL,
  first_ns bigint NOT NULL,
  last_ns bigint NOT NULL,
  external_id text COLLATE "C",
  -- By the gateway's clock: when its first and its last record were received.
  seen_ns bigint NOT NULL,
  touched_ns bigint NOT NULL,
  -- All that the app expects was seen. Whether the rest is overdue follows from first_ns: no row is
  -- touched when its deadline passes.
  complete boolean NOT NULL,
  PRIMARY KEY (message_id, app_id)
-- A row changes with each of its events, mostly without touching an index: the room lets that be cheap.
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE INDEX lifecycles_app ON lifecycles (app_id, complete, first_ns, message_id);
--> statement-breakpoint
CREATE INDEX lifecycles_time ON lifecycles (complete, first_ns, message_id, app_id);
--> statement-breakpoint
-- seen_ns never changes, so that retention costs updates nothing.
CREATE INDEX lifecycles_seen ON lifecycles (app_id, seen_ns, message_id);
--> statement-breakpoint
CREATE TABLE lifecycle_apps (
  app_id text COLLATE "C" PRIMARY KEY,
  expected text[] COLLATE "C" NOT NULL,
  deadline_ms bigint,
  retention_ms bigint,
  -- Which of its settings the rows' `complete` follows; behind `revision` while they are brought up.
  revision bigint NOT NULL DEFAULT 1,
  settled bigint NOT NULL DEFAULT 0
);
--> statement-breakpoint
-- One row: records of the topic that were no events.
CREATE TABLE lifecycle_progress (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  undecodable bigint NOT NULL
);
--> statement-breakpoint
INSERT INTO lifecycle_progress (undecodable) VALUES (0);
