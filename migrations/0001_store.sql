CREATE TABLE "emitter_events" (
	"emitter" text NOT NULL,
	"epoch" bigint NOT NULL,
	"sequence" bigint NOT NULL,
	"idx" integer NOT NULL,
	"ordinal" bigint NOT NULL,
	"received_ns" bigint NOT NULL,
	"time_ns" bigint NOT NULL,
	"content_type" text NOT NULL,
	"schema_id" bigint NOT NULL,
	"headers" jsonb,
	"data" "bytea" NOT NULL,
	CONSTRAINT "emitter_events_pkey" PRIMARY KEY("emitter","epoch","sequence","idx")
);
--> statement-breakpoint
CREATE TABLE "emitters" (
	"id" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"rate" double precision NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	"end_epoch" bigint,
	"end_sequence" bigint,
	"end_idx" integer,
	"owner" text,
	"trimmed_epoch" bigint,
	"trimmed_sequence" bigint,
	"trimmed_idx" integer,
	"trimmed_ordinal" bigint
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"id" text PRIMARY KEY NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "projections" (
	"name" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"sequence" bigint NOT NULL,
	"idx" integer NOT NULL,
	"floor_epoch" bigint NOT NULL,
	"floor_sequence" bigint NOT NULL,
	"floor_idx" integer NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "emitters" ADD CONSTRAINT "emitters_owner_nodes_id_fk" FOREIGN KEY ("owner") REFERENCES "public"."nodes"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "emitters_free" ON "emitters" USING btree ("id") WHERE source = 'guest' and ended_at is null and owner is null;--> statement-breakpoint
CREATE INDEX "emitters_owner" ON "emitters" USING btree ("owner") WHERE owner is not null;--> statement-breakpoint
CREATE INDEX "emitters_ended" ON "emitters" USING btree ("ended_at") WHERE ended_at is not null;--> statement-breakpoint
CREATE INDEX "emitters_unfinished" ON "emitters" USING btree ("ended_at") WHERE ended_at is not null and end_epoch is null;