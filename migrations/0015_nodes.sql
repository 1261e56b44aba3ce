-- What nodes say of themselves, and activity by topic (src/features/nodes/store/tables.ts).
CREATE TABLE "cluster_nodes" (
	"node" text PRIMARY KEY NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	"stopped_at" timestamp with time zone,
	"state" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cluster_points" (
	"at_ms" bigint NOT NULL,
	"node" text NOT NULL,
	"point" jsonb NOT NULL,
	CONSTRAINT "cluster_points_pkey" PRIMARY KEY("at_ms","node")
);
--> statement-breakpoint
CREATE TABLE "topic_activity" (
	"topic" text collate "C" PRIMARY KEY NOT NULL,
	"span" bigint NOT NULL,
	"records" double precision NOT NULL,
	"bytes" double precision NOT NULL,
	"refused" double precision NOT NULL,
	"records_before" double precision NOT NULL,
	"bytes_before" double precision NOT NULL,
	"refused_before" double precision NOT NULL,
	"last_ms" bigint
);
--> statement-breakpoint
CREATE INDEX "topic_activity_span" ON "topic_activity" USING btree ("span");
--> statement-breakpoint
-- Jobs that send records of one topic to another one (src/features/copies/store/tables.ts).
CREATE TABLE "topic_copies" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"life" uuid NOT NULL,
	"source" text collate "C" NOT NULL,
	"target" text collate "C" NOT NULL,
	"after" text NOT NULL,
	"until" text NOT NULL,
	"filter" jsonb NOT NULL,
	"rate" integer NOT NULL,
	"state" text NOT NULL,
	"position" text NOT NULL,
	"read" bigint DEFAULT 0 NOT NULL,
	"matched" bigint DEFAULT 0 NOT NULL,
	"sent" bigint DEFAULT 0 NOT NULL,
	"refused" bigint DEFAULT 0 NOT NULL,
	"last_refusal" text,
	"failure" text,
	"creator" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
