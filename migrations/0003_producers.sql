-- What the log of the `postgres` driver has of each idempotent producer (src/log/postgres/producers.ts).
-- Written by hand, as the log's other tables are.
CREATE TABLE log_producers (
  topic_id bigint NOT NULL,
  -- As bytes: an id may hold any character, a zero among them, which `text` refuses.
  id bytea NOT NULL,
  epoch bigint NOT NULL,
  -- Of the producer's record stored last, and where that stands in the topic.
  sequence bigint NOT NULL,
  last_seq bigint NOT NULL,
  -- The state that this one was made from, -1 where there was none: a second node that began from
  -- the same one finds that it has changed.
  from_epoch bigint NOT NULL,
  from_sequence bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (topic_id, id)
)
-- Updated on nearly every append of a producer, in place.
WITH (fillfactor = 50);

CREATE INDEX log_producers_at ON log_producers (at_ms);
