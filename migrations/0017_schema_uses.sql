CREATE TABLE "schema_uses" (
	"topic" text collate "C" NOT NULL,
	"schema" integer NOT NULL,
	"first_seen" timestamp with time zone NOT NULL,
	"last_seen" timestamp with time zone NOT NULL,
	CONSTRAINT "schema_uses_pkey" PRIMARY KEY("topic","schema")
);
--> statement-breakpoint
ALTER TABLE "schema_uses" ADD CONSTRAINT "schema_uses_schema_schemas_id_fk" FOREIGN KEY ("schema") REFERENCES "public"."schemas"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "schema_uses_schema" ON "schema_uses" USING btree ("schema","topic");--> statement-breakpoint
CREATE INDEX "schema_uses_seen" ON "schema_uses" USING btree ("last_seen");