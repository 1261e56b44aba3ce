-- What the gate asks of a topic's records (src/core/topic.ts). Written by hand, as the log's other
-- columns are; topics that stand keep taking what they took.
ALTER TABLE log_topics ADD COLUMN schema_rule text NOT NULL DEFAULT 'none'
  CHECK (schema_rule IN ('none', 'id', 'validated'));
