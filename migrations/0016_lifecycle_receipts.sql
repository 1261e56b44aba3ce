ALTER TABLE "lifecycles" ADD COLUMN "received_firsts" bigint[];--> statement-breakpoint
ALTER TABLE "lifecycles" ADD COLUMN "received_lasts" bigint[];--> statement-breakpoint
CREATE INDEX "lifecycles_external" ON "lifecycles" USING btree ("external_id","first_ns","message_id","app_id") WHERE "lifecycles"."external_id" is not null;
