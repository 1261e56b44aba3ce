-- What the lists by rate and by silence are sorted by. Rows change in place, so they leave room for it.
CREATE TABLE "series_activity" (
	"tag" integer PRIMARY KEY NOT NULL,
	"last_time" bigint NOT NULL,
	"bucket" bigint NOT NULL,
	"counted" bigint NOT NULL
)
WITH (fillfactor = 70);
--> statement-breakpoint
-- The rates follow with the next rollups.
INSERT INTO "series_activity" ("tag", "last_time", "bucket", "counted")
SELECT t."id", r."last_time", r."time", 0
FROM "series_tags" t
CROSS JOIN LATERAL (
	SELECT "last_time", "time" FROM "series_rollups"
	WHERE "tag" = t."id" AND "level" = 1 ORDER BY "time" DESC LIMIT 1
) r;
