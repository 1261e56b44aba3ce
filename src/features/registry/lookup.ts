/** Reads what is registered: schemas by id, GUID and message name, versions by subject. */

import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { GrantedNames } from "../../core/access/grant.ts";
import { quoted } from "../../core/failure.ts";
import type { SchemaCache } from "./decode/schema-cache.ts";
import { ownFile } from "./link/descriptors.ts";
import {
  type Listing,
  type RegisteredSchema,
  RegistryFailure,
  type RegistryStore,
  type SchemaVersion,
  type StoredSchema,
  type StoredVersion,
} from "./registry-port.ts";
import { renderProto } from "./render/render.ts";
import { mayBeNumber, mayBeStored, parseSubject } from "./subject.ts";

/** Whether softly deleted versions are visible. */
export interface Visibility {
  readonly deleted: boolean;
}

export interface Lookup {
  /** Throws `schema_not_found`. */
  schema(id: number): Promise<StoredSchema>;
  /** Throws `schema_not_found`. */
  schemaOfGuid(guid: string): Promise<StoredSchema>;
  /**
   * The newest schema whose own file declares the message, among all subjects or those of `names`.
   * Throws `schema_not_found`.
   */
  schemaOfMessage(fullName: string, names?: GrantedNames): Promise<StoredSchema>;
  /** All versions with the id, by subject. Throws `schema_not_found`. */
  versionsOfId(id: number): Promise<readonly RegisteredSchema[]>;
  /** Throws `subject_not_found` or `version_not_found`. */
  version(
    subject: string,
    version: number | "latest",
    options: Visibility,
  ): Promise<RegisteredSchema>;
  subjects(listing: Listing): Promise<readonly string[]>;
  versions(
    listing: Listing & { readonly latestOnly: boolean },
  ): Promise<readonly RegisteredSchema[]>;
  /** Versions of one subject, oldest first. Throws `subject_not_found`. */
  versionsOf(subject: string, options: Visibility): Promise<readonly SchemaVersion[]>;
  /** Ids of schemas that import the version, by reference. */
  referencedBy(subject: string, version: number | "latest"): Promise<readonly number[]>;
  /** `.proto` text of the version: as it was sent, otherwise rendered from its descriptors. */
  text(version: RegisteredSchema): Promise<string>;
  /** The google.protobuf.FileDescriptorProto of a schema's own file. */
  fileDescriptor(id: number): Promise<Uint8Array>;
}

export function createLookup(store: RegistryStore, cache: SchemaCache): Lookup {
  async function schema(id: number): Promise<StoredSchema> {
    const found = mayBeNumber(id)
      ? await cache.get(id, (missing) => store.schema(missing))
      : undefined;
    if (found === undefined) throw noSchemaOfId(id);
    return found;
  }

  async function version(
    name: string,
    number: number | "latest",
    options: Visibility,
  ): Promise<RegisteredSchema> {
    const subject = parseSubject(name);
    const sought = number === "latest" ? await newestVersion(store, subject, options) : number;
    const found = mayBeNumber(sought) ? await store.version(subject, sought) : undefined;
    if (found !== undefined && (options.deleted || !found.deleted)) return found;
    // Says that the subject is missing, where it is.
    await visibleVersions(store, subject, options);
    throw new RegistryFailure(
      "version_not_found",
      `Subject ${quoted(subject)} has no version ${number}`,
    );
  }

  return {
    schema,
    version,

    async schemaOfGuid(guid) {
      const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid);
      const id = isGuid ? await store.idOfGuid(guid.toLowerCase()) : undefined;
      if (id === undefined) throw noSchemaOfGuid(guid);
      return await schema(id);
    },

    async schemaOfMessage(fullName, names) {
      const id = mayBeStored(fullName) ? await store.idOfMessage(fullName, names) : undefined;
      if (id === undefined) throw schemaNotFound(`No schema declares ${quoted(fullName)}`);
      return await schema(id);
    },

    async versionsOfId(id) {
      const found = mayBeNumber(id) ? await store.versionsOfId(id) : [];
      if (found.length === 0) throw noSchemaOfId(id);
      return found;
    },

    subjects: async (listing) => (mayBeStored(listing.prefix) ? await store.subjects(listing) : []),
    versions: async (listing) => (mayBeStored(listing.prefix) ? await store.versions(listing) : []),
    versionsOf: (name, options) => visibleVersions(store, parseSubject(name), options),

    async referencedBy(name, number) {
      const found = await version(name, number, { deleted: true });
      return await store.referencedBy(found.subject, found.version);
    },

    async text(registered) {
      return registered.text ?? renderProto(await schema(registered.id));
    },

    async fileDescriptor(id) {
      return toBinary(FileDescriptorProtoSchema, ownFile(await schema(id)).proto);
    },
  };
}

/** Versions of a subject, oldest first. Throws `subject_not_found` where none is visible. */
export async function visibleVersions(
  store: RegistryStore,
  subject: string,
  { deleted }: Visibility,
): Promise<readonly StoredVersion[]> {
  const { versions } = await store.subject(subject);
  const visible = versions.filter((one) => deleted || !one.deleted);
  if (visible.length > 0) return visible;
  throw new RegistryFailure("subject_not_found", `There is no subject ${quoted(subject)}`);
}

async function newestVersion(
  store: RegistryStore,
  subject: string,
  options: Visibility,
): Promise<number> {
  return (await visibleVersions(store, subject, options)).at(-1)?.version ?? 0;
}

export function noSchemaOfId(id: number): RegistryFailure {
  return schemaNotFound(`There is no schema with id ${id}`);
}

export function noSchemaOfGuid(guid: string): RegistryFailure {
  return schemaNotFound(`There is no schema with GUID ${quoted(guid)}`);
}

function schemaNotFound(message: string): RegistryFailure {
  return new RegistryFailure("schema_not_found", message);
}
