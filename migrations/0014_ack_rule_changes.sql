ALTER TABLE "ack_rules" ADD COLUMN "revision" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ack_rules" ADD COLUMN "change" jsonb;--> statement-breakpoint
ALTER TABLE "ack_rules" ADD COLUMN "settling" jsonb;--> statement-breakpoint
CREATE INDEX "ack_ids_open" ON "ack_ids" USING btree ("rule","next_ms","id") WHERE state = 0;