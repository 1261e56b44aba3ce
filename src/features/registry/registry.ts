/**
 * The registry: schemas by id, by full name, by subject and version, each linked with all that it
 * imports. Words and rules are those of the Confluent Schema Registry.
 */
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import {
  allSubjects,
  type Compatibility,
  defaultCompatibility,
  defaultMode,
  type Listing,
  type RegisteredSchema,
  RegistryFailure,
  type RegistryMode,
  type RegistryStore,
  type SchemaCompiler,
  type SchemaVersion,
  type StoredSchema,
} from "./registry-port.ts";
import { type ChangeFeed, createChangeFeed } from "./change-feed.ts";
import { createDeletions, type Deletions } from "./deletion.ts";
import { ownFile } from "./descriptors.ts";
import { createRegistrations, type Registrations } from "./registration.ts";
import { renderProto } from "./render/render.ts";
import { createSchemaCache } from "./decode/schema-cache.ts";
import { parseSubject, shown } from "./subject.ts";

export interface Registry extends Registrations, Deletions, Pick<ChangeFeed, "watch"> {
  /** Throws `schema_not_found`. */
  schema(id: number): Promise<StoredSchema>;
  schemaOfGuid(guid: string): Promise<StoredSchema>;
  /** The newest schema whose own file declares the message. */
  schemaOfMessage(fullName: string): Promise<StoredSchema>;
  /** All versions with the id, by subject. Throws `schema_not_found`. */
  versionsOfId(id: number): Promise<readonly RegisteredSchema[]>;
  /** Throws `subject_not_found` or `version_not_found`. */
  version(
    subject: string,
    version: number | "latest",
    options: { readonly deleted: boolean },
  ): Promise<RegisteredSchema>;
  subjects(wanted: Listing): Promise<readonly string[]>;
  versions(
    wanted: Listing & { readonly latestOnly: boolean },
  ): Promise<readonly RegisteredSchema[]>;
  /** Of one subject, oldest first. Throws `subject_not_found`. */
  versionsOf(
    subject: string,
    options: { readonly deleted: boolean },
  ): Promise<readonly SchemaVersion[]>;
  /** Ids of schemas that import the version, by reference. */
  referencedBy(subject: string, version: number | "latest"): Promise<readonly number[]>;
  /** `.proto` text of the version: as it was sent, else made of its descriptors. */
  text(version: RegisteredSchema): Promise<string>;
  /** The google.protobuf.FileDescriptorProto of a schema's own file. */
  fileDescriptor(id: number): Promise<Uint8Array>;
  /** `subject` may be `allSubjects`. */
  settings(subject: string): Promise<Settings>;
  setCompatibility(subject: string, compatibility: Compatibility | undefined): Promise<void>;
  setMode(subject: string, mode: RegistryMode | undefined): Promise<void>;
  /** Calls back with the id of each version that any node deletes for good. */
  onPurged(callback: (id: number) => void): void;
  close(): Promise<void>;
}

/** What holds for a subject; `own…` is undefined where it has no setting of its own. */
export interface Settings {
  readonly compatibility: Compatibility;
  readonly mode: RegistryMode;
  readonly ownCompatibility: Compatibility | undefined;
  readonly ownMode: RegistryMode | undefined;
}

export interface RegistryParts {
  readonly store: RegistryStore;
  readonly compiler: SchemaCompiler;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createRegistry({ store, compiler, clock, logger }: RegistryParts): Registry {
  const cache = createSchemaCache();
  const onPurged: ((id: number) => void)[] = [];
  const feed = createChangeFeed({
    store,
    clock,
    logger,
    onChange: ({ kind, id }) => {
      if (kind !== "version_purged") return;
      cache.delete(id);
      for (const callback of onPurged) callback(id);
    },
  });

  async function schema(id: number): Promise<StoredSchema> {
    const found = await cache.get(id, (wanted) => store.schema(wanted));
    if (found !== undefined) return found;
    throw new RegistryFailure("schema_not_found", `There is no schema with id ${id}`);
  }

  async function version(
    name: string,
    wanted: number | "latest",
    { deleted }: { readonly deleted: boolean },
  ): Promise<RegisteredSchema> {
    const subject = parseSubject(name);
    const number = wanted === "latest" ? await newest(subject, deleted) : wanted;
    const found = await store.version(subject, number);
    if (found !== undefined && (deleted || !found.deleted)) return found;
    await versionsOf(subject, { deleted });
    throw new RegistryFailure(
      "version_not_found",
      `Subject ${shown(subject)} has no version ${wanted}`,
    );
  }

  async function newest(subject: string, deleted: boolean): Promise<number> {
    return (await versionsOf(subject, { deleted })).at(-1)?.version ?? 0;
  }

  async function versionsOf(
    name: string,
    { deleted }: { readonly deleted: boolean },
  ): Promise<readonly SchemaVersion[]> {
    const subject = parseSubject(name);
    const { versions } = await store.subject(subject);
    const visible = versions.filter((one) => deleted || !one.deleted);
    if (visible.length > 0) return visible;
    throw new RegistryFailure("subject_not_found", `There is no subject ${shown(subject)}`);
  }

  return {
    ...createRegistrations({ store, compiler, schema, version }),
    ...createDeletions(store),
    watch: feed.watch,
    schema,
    version,
    versionsOf,

    async schemaOfGuid(guid) {
      const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid);
      const id = isGuid ? await store.idOfGuid(guid.toLowerCase()) : undefined;
      if (id !== undefined) return await schema(id);
      throw new RegistryFailure("schema_not_found", `There is no schema with GUID ${shown(guid)}`);
    },

    async schemaOfMessage(fullName) {
      const id = await store.idOfMessage(fullName);
      if (id !== undefined) return await schema(id);
      throw new RegistryFailure("schema_not_found", `No schema declares ${shown(fullName)}`);
    },

    async versionsOfId(id) {
      const found = await store.versionsOfId(id);
      if (found.length > 0) return found;
      throw new RegistryFailure("schema_not_found", `There is no schema with id ${id}`);
    },

    subjects: (wanted) => store.subjects(wanted),
    versions: (wanted) => store.versions(wanted),

    async referencedBy(name, wanted) {
      const found = await version(name, wanted, { deleted: true });
      return await store.referencedBy(found.subject, found.version);
    },

    async text(registered) {
      return registered.text ?? renderProto(await schema(registered.id));
    },

    async fileDescriptor(id) {
      return toBinary(FileDescriptorProtoSchema, ownFile(await schema(id)).proto);
    },

    async settings(subject) {
      const own = await store.settings(subject);
      const all = subject === allSubjects ? own : await store.settings(allSubjects);
      return {
        compatibility: own.compatibility ?? all.compatibility ?? defaultCompatibility,
        mode: own.mode ?? all.mode ?? defaultMode,
        ownCompatibility: own.compatibility,
        ownMode: own.mode,
      };
    },

    async setCompatibility(subject, compatibility) {
      await store.setSettings(settingSubject(subject), { compatibility: compatibility ?? null });
    },

    async setMode(subject, mode) {
      await store.setSettings(settingSubject(subject), { mode: mode ?? null });
    },

    onPurged: (callback) => void onPurged.push(callback),
    close: () => feed.close(),
  };
}

function settingSubject(name: string): string {
  return name === allSubjects ? name : parseSubject(name);
}
