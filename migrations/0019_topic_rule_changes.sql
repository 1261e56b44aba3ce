CREATE TABLE "topic_rule_changes" (
	"topic" text collate "C" PRIMARY KEY NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "topic_rule_changes_changed" ON "topic_rule_changes" USING btree ("changed_at");