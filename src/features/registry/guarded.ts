/**
 * The registry as one caller may use it: the same functions, each of which first asks for the right to
 * the subject. HTTP and RPC have no other way in; the check and the decoding of records need none.
 *
 * `append` registers a version, `manage` deletes and sets, `read` does the rest. A schema by its id, GUID
 * or message may be read with the right to any subject that has it. Without one it is answered exactly
 * as one that does not exist.
 */

import type { Caller } from "../../core/access/caller.ts";
import type { Action, GrantedNames } from "../../core/access/grant.ts";
import type { Portion } from "../../core/access/portion.ts";
import { Semaphore } from "../../core/budget/semaphore.ts";
import type {
  SchemaUseListing,
  SubjectListing,
  TopicUseListing,
  VersionListing,
} from "./catalog/catalog-port.ts";
import type { WatchEvent, WatchOptions } from "./change-feed.ts";
import { noSchemaOfGuid, noSchemaOfId, type Visibility } from "./lookup.ts";
import type { Registration } from "./registration.ts";
import {
  allSubjects,
  type Compatibility,
  type Listing,
  type RegisteredSchema,
  type RegistryChange,
  RegistryFailure,
  type RegistryMode,
  type StoredSchema,
} from "./registry-port.ts";
import type { Registry } from "./registry.ts";
import type { Submission } from "./submission.ts";

/** What is done for a caller. */
export type CallerRegistry = Omit<Registry, "onPurged" | "status" | "close">;

export function registryFor(registry: Registry, by: Caller): CallerRegistry {
  // An open gateway knows its callers where it limits them.
  const isUnlimited = by.isOpen && by.portion === undefined;
  return isUnlimited ? registry : new GuardedRegistry(registry, by);
}

/** Texts of one caller that may wait for the one before: half of all that may wait. */
const waitingMax = 32;
const turns = new WeakMap<Portion, Semaphore>();

function turnsOf(portion: Portion): Semaphore {
  let own = turns.get(portion);
  if (own === undefined) {
    const refusal = `Cannot compile the schema now: ${waitingMax} others of this caller are waiting`;
    own = new Semaphore(1, { waitingMax, refusal });
    turns.set(portion, own);
  }
  return own;
}

class GuardedRegistry implements CallerRegistry {
  readonly #registry: Registry;
  readonly #by: Caller;
  /** Undefined: it may read every subject. */
  readonly #readable: GrantedNames | undefined;

  constructor(registry: Registry, by: Caller) {
    this.#registry = registry;
    this.#by = by;
    this.#readable = by.mayAll("read", "subject") ? undefined : by.names("read", "subject");
  }

  async schema(id: number): Promise<StoredSchema> {
    await this.versionsOfId(id);
    return await this.#registry.schema(id);
  }

  async schemaOfGuid(guid: string): Promise<StoredSchema> {
    this.#requireAny();
    const found = await this.#registry.schemaOfGuid(guid);
    if (!(await this.#mayReadId(found.id))) throw noSchemaOfGuid(guid);
    return found;
  }

  async schemaOfMessage(fullName: string): Promise<StoredSchema> {
    this.#requireAny();
    return await this.#registry.schemaOfMessage(fullName, this.#readable);
  }

  async versionsOfId(id: number): Promise<readonly RegisteredSchema[]> {
    this.#requireAny();
    const found = (await this.#registry.versionsOfId(id)).filter((one) => this.#mayRead(one));
    if (found.length === 0) throw noSchemaOfId(id);
    return found;
  }

  async version(
    subject: string,
    version: number | "latest",
    options: Visibility,
  ): Promise<RegisteredSchema> {
    this.#require("read", subject);
    return await this.#registry.version(subject, version, options);
  }

  async subjects(listing: Listing): Promise<readonly string[]> {
    this.#requireAny();
    return await this.#registry.subjects({ ...listing, names: this.#readable });
  }

  async versions(
    listing: Listing & { readonly latestOnly: boolean },
  ): Promise<readonly RegisteredSchema[]> {
    this.#requireAny();
    return await this.#registry.versions({ ...listing, names: this.#readable });
  }

  async versionsOf(subject: string, options: Visibility) {
    this.#require("read", subject);
    return await this.#registry.versionsOf(subject, options);
  }

  async referencedBy(subject: string, version: number | "latest"): Promise<readonly number[]> {
    this.#require("read", subject);
    const ids = await this.#registry.referencedBy(subject, version);
    const shown: number[] = [];
    for (const id of ids) if (await this.#mayReadId(id)) shown.push(id);
    return shown;
  }

  async text(version: RegisteredSchema): Promise<string> {
    this.#require("read", version.subject);
    return await this.#registry.text(version);
  }

  async fileDescriptor(id: number): Promise<Uint8Array> {
    await this.versionsOfId(id);
    return await this.#registry.fileDescriptor(id);
  }

  async register(
    subject: string,
    submission: Submission,
    options?: { readonly dryRun?: boolean },
  ): Promise<Registration> {
    this.#require("append", subject);
    this.#requireReferences(submission);
    if (options?.dryRun !== true) this.#by.allowance?.create("subjects");
    return await this.#registry.register(subject, this.#inTurn(submission), options);
  }

  async check(subject: string, submission: Submission, version?: number | "latest") {
    this.#require("read", subject);
    this.#requireReferences(submission);
    return await this.#registry.check(subject, this.#inTurn(submission), version);
  }

  async lookUp(subject: string, submission: Submission, options: Visibility) {
    this.#require("read", subject);
    this.#requireReferences(submission);
    return await this.#registry.lookUp(subject, this.#inTurn(submission), options);
  }

  async deleteVersion(
    subject: string,
    version: number | "latest",
    options: { readonly permanent: boolean },
  ): Promise<number> {
    this.#require("manage", subject);
    return await this.#registry.deleteVersion(subject, version, options);
  }

  async deleteSubject(subject: string, options: { readonly permanent: boolean }) {
    this.#require("manage", subject);
    return await this.#registry.deleteSubject(subject, options);
  }

  async subjectPage(listing: SubjectListing) {
    this.#requireAny();
    return await this.#registry.subjectPage({ ...listing, names: this.#readable });
  }

  async versionPage(listing: VersionListing) {
    this.#require("read", listing.subject);
    return await this.#registry.versionPage(listing);
  }

  async compare(subject: string, from: number, to: number | "latest") {
    this.#require("read", subject);
    return await this.#registry.compare(subject, from, to);
  }

  async graph(subject: string, version: number | "latest") {
    this.#require("read", subject);
    return await this.#registry.graph(subject, version, (name) => this.#mayRead({ subject: name }));
  }

  /** A topic is listed to those that may read it. */
  async topicUses(listing: TopicUseListing) {
    if ("subject" in listing.of) this.#require("read", listing.of.subject);
    else await this.versionsOfId(listing.of.id);
    const topics = this.#by.mayAll("read", "topic") ? undefined : this.#by.names("read", "topic");
    return await this.#registry.topicUses({ ...listing, topics });
  }

  async schemaUses(listing: SchemaUseListing) {
    this.#by.require("read", "topic", listing.topic);
    return await this.#registry.schemaUses({ ...listing, names: this.#readable });
  }

  async template(id: number, message?: string) {
    await this.versionsOfId(id);
    return await this.#registry.template(id, message);
  }

  /** Who may change a setting may see it: the answer to a change shows it. */
  async settings(subject: string) {
    const isManager =
      subject === allSubjects
        ? this.#by.mayAll("manage", "subject")
        : this.#by.may("manage", "subject", subject);
    if (!isManager) this.#require("read", subject);
    return await this.#registry.settings(subject);
  }

  async setCompatibility(subject: string, compatibility: Compatibility | undefined) {
    this.#require("manage", subject);
    await this.#registry.setCompatibility(subject, compatibility);
  }

  async setMode(subject: string, mode: RegistryMode | undefined) {
    this.#require("manage", subject);
    await this.#registry.setMode(subject, mode);
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    if (options.subject === undefined) this.#requireAny();
    else this.#require("read", options.subject);
    const isShown = ({ subject }: RegistryChange) =>
      subject === allSubjects || this.#mayRead({ subject });
    yield* this.#registry.watch(
      this.#readable === undefined ? options : { ...options, isShown },
      signal,
    );
  }

  #require(action: Action, subject: string): void {
    if (subject === allSubjects) this.#by.requireAll(action, "subject");
    else this.#by.require(action, "subject", subject);
  }

  #requireAny(): void {
    this.#by.requireAny("read", "subject");
  }

  /** A schema shows all that it imports. */
  #requireReferences({ references }: Submission): void {
    for (const { subject } of references) this.#require("read", subject);
  }

  /** Some texts take the compiler seconds: one caller must not hold all its processes. */
  #inTurn(submission: Submission): Submission {
    const { portion } = this.#by;
    return portion === undefined ? submission : { ...submission, turns: turnsOf(portion) };
  }

  #mayRead({ subject }: { readonly subject: string }): boolean {
    return this.#readable === undefined || this.#by.may("read", "subject", subject);
  }

  async #mayReadId(id: number): Promise<boolean> {
    if (this.#readable === undefined) return true;
    try {
      return (await this.#registry.versionsOfId(id)).some((one) => this.#mayRead(one));
    } catch (error) {
      // Purged since its id was found.
      if (error instanceof RegistryFailure) return false;
      throw error;
    }
  }
}
