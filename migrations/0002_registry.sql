CREATE TABLE "registry_changes" (
	"revision" bigint PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"version" integer NOT NULL,
	"schema" integer NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "registry_settings" (
	"subject" text PRIMARY KEY NOT NULL,
	"compatibility" text,
	"mode" text
);
--> statement-breakpoint
CREATE TABLE "schema_messages" (
	"name" text NOT NULL,
	"schema" integer NOT NULL,
	CONSTRAINT "schema_messages_pkey" PRIMARY KEY("name","schema")
);
--> statement-breakpoint
CREATE TABLE "schema_references" (
	"subject" text NOT NULL,
	"version" integer NOT NULL,
	"idx" integer NOT NULL,
	"name" text NOT NULL,
	"to_subject" text NOT NULL,
	"to_version" integer NOT NULL,
	CONSTRAINT "schema_references_pkey" PRIMARY KEY("subject","version","idx")
);
--> statement-breakpoint
CREATE TABLE "schemas" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schemas_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"content" text NOT NULL,
	"guid" uuid NOT NULL,
	"hash" text NOT NULL,
	"file" text NOT NULL,
	"descriptor_set" "bytea" NOT NULL,
	"messages" text[] NOT NULL,
	CONSTRAINT "schemas_content_unique" UNIQUE("content"),
	CONSTRAINT "schemas_guid_unique" UNIQUE("guid")
);
--> statement-breakpoint
CREATE TABLE "subject_versions" (
	"subject" text NOT NULL,
	"version" integer NOT NULL,
	"schema" integer NOT NULL,
	"text" text,
	"registered_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "subject_versions_pkey" PRIMARY KEY("subject","version")
);
--> statement-breakpoint
CREATE TABLE "subjects" (
	"name" text PRIMARY KEY NOT NULL,
	"versions" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "schema_messages" ADD CONSTRAINT "schema_messages_schema_schemas_id_fk" FOREIGN KEY ("schema") REFERENCES "public"."schemas"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schema_references" ADD CONSTRAINT "schema_references_from_fk" FOREIGN KEY ("subject","version") REFERENCES "public"."subject_versions"("subject","version") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schema_references" ADD CONSTRAINT "schema_references_to_fk" FOREIGN KEY ("to_subject","to_version") REFERENCES "public"."subject_versions"("subject","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subject_versions" ADD CONSTRAINT "subject_versions_subject_subjects_name_fk" FOREIGN KEY ("subject") REFERENCES "public"."subjects"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subject_versions" ADD CONSTRAINT "subject_versions_schema_schemas_id_fk" FOREIGN KEY ("schema") REFERENCES "public"."schemas"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "registry_changes_subject" ON "registry_changes" USING btree ("subject","revision");--> statement-breakpoint
CREATE INDEX "schema_messages_schema" ON "schema_messages" USING btree ("schema");--> statement-breakpoint
CREATE INDEX "schema_references_to" ON "schema_references" USING btree ("to_subject","to_version");--> statement-breakpoint
CREATE INDEX "subject_versions_schema" ON "subject_versions" USING btree ("schema");