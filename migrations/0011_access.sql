-- API keys, sessions and tickets (src/features/access/store/tables.ts).
CREATE TABLE "access_credentials" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"parent" text collate "C",
	"name" text collate "C" NOT NULL,
	"grants" text array collate "C" NOT NULL,
	"hash" "bytea" NOT NULL,
	"keeper" boolean NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text collate "C" NOT NULL,
	"expires_at" timestamp with time zone,
	"used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"revision" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "access_state" (
	"one" integer PRIMARY KEY NOT NULL,
	"revision" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "access_tickets" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"grants" text array collate "C" NOT NULL,
	"origin" text collate "C",
	"principal" jsonb NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "access_credentials_revision" ON "access_credentials" USING btree ("revision");--> statement-breakpoint
CREATE UNIQUE INDEX "access_keys_name" ON "access_credentials" USING btree ("name") WHERE kind = 'key' and revoked_at is null;--> statement-breakpoint
CREATE INDEX "access_tickets_expires" ON "access_tickets" USING btree ("expires_at");
--> statement-breakpoint
-- Each change of access_credentials locks this row: revisions are in the order of commits.
INSERT INTO "access_state" VALUES (1, 0);
