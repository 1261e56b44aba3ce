/**
 * The keys and sessions of all nodes, as this node knows them: every key is checked without a query.
 * It follows the store's changes: at once where a notification comes, and by a look at the revision
 * every half second in any case. A revoked key thereby ends on every node within a second.
 */

import { Caller } from "../../core/access/caller.ts";
import { Grants } from "../../core/access/grant.ts";
import { type Clock, sleep } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { AdminKey } from "./admin-key.ts";
import type { CredentialStore, StoredCredential } from "./credential.ts";
import type { Expiry } from "./expiry.ts";
import { isHashOf } from "./secret.ts";

export interface ChangeSignal {
  /** Notifies the other nodes; never rejects. */
  announce(): Promise<void>;
  /** Calls back when another node has announced a change, and whenever that may have been missed. */
  listen(onChange: () => void): void;
  close(): Promise<void>;
}

export interface RingDeps {
  readonly store: CredentialStore;
  readonly signal: ChangeSignal;
  readonly expiry: Expiry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The key of the settings, with which sessions are opened as well. */
  readonly admin: AdminKey | undefined;
}

const pollMs = 500;
/** Pause between two looks at the store for keys that this node does not know. */
const unknownMs = 50;
/** How long a caller with such a key waits for the store. */
const answerMs = 3000;
/**
 * How long keys count without an answer of the store: long enough for the failover of a database,
 * and a bound on how long a revoked key works on a node that is cut off.
 */
const trustedMs = 5 * 60_000;
const useWrittenMs = 60_000;
const purgedMs = 10 * 60_000;

interface Entry {
  readonly stored: StoredCredential;
  readonly caller: Caller;
  /** Undefined where it has not been used since that was written. */
  usedMs: number | undefined;
}

export class Ring {
  /** Called when the first key is there, and when the last one is gone. */
  onChange: (hasKeys: boolean) => void = () => {};
  readonly #deps: RingDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #ids = new WeakMap<Caller, string>();
  readonly #stop = new AbortController();
  #keys = 0;
  /** There were keys when this node stopped knowing them. */
  #hadKeys = false;
  /** What `onChange` was last called with. */
  #noted = false;
  #revision = 0;
  #syncedMs = Number.NEGATIVE_INFINITY;
  #syncing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: RingDeps) {
    this.#deps = deps;
  }

  /** Reads all keys, and follows their changes from then on. Throws `unavailable`. */
  async start(): Promise<void> {
    const { signal } = this.#deps;
    await this.refresh();
    signal.listen(() => void this.refresh().catch(() => {}));
    this.#running = this.#follow();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#deps.signal.close();
    await this.#running;
    await this.#writeUse().catch(() => {});
  }

  /** Whether any key exists; one that has expired does, so that its end opens nothing. */
  get hasKeys(): boolean {
    return this.#keys > 0 || this.#hadKeys;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * The caller of a well-formed secret; undefined for one that is wrong. At once where its id is
   * known. Throws and rejects with `unavailable` while this node cannot know whether it is right.
   */
  caller(id: string, text: string): Caller | undefined | Promise<Caller | undefined> {
    const entry = this.#entries.get(id);
    return entry === undefined ? this.#unknown(id, text) : this.#checked(entry, text);
  }

  /** The caller of a credential, without its secret: of what was made with it. */
  callerOf(id: string): Caller | undefined {
    const { admin } = this.#deps;
    return admin?.id === id ? admin.caller : this.#entries.get(id)?.caller;
  }

  /** The id of the caller's credential; undefined for other callers. */
  idOf(caller: Caller): string | undefined {
    const { admin } = this.#deps;
    return admin?.caller === caller ? admin.id : this.#ids.get(caller);
  }

  /** Resolves once this node knows what the store had when this was called. */
  refresh(): Promise<void> {
    if (this.#syncing === undefined) return (this.#syncing = this.#sync());
    return (this.#next ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return (this.#syncing = this.#sync());
      }));
  }

  #checked(entry: Entry, text: string): Caller | undefined {
    if (!isHashOf(entry.stored.hash, text)) return undefined;
    const nowMs = this.#deps.clock.nowMs();
    this.#deps.expiry.check(entry.caller);
    entry.usedMs = nowMs;
    return entry.caller;
  }

  /** It may have been created on another node a moment ago. All that wait share one look at the store. */
  async #unknown(id: string, text: string): Promise<Caller | undefined> {
    const { clock } = this.#deps;
    if (clock.nowMs() - this.#syncedMs < unknownMs) await sleep(clock, unknownMs);
    await Promise.race([this.refresh(), this.#unanswered()]);
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : this.#checked(entry, text);
  }

  async #unanswered(): Promise<never> {
    await sleep(this.#deps.clock, answerMs);
    throw new Failure("unavailable", "The keys cannot be read now", { retryAfterMs: 1000 });
  }

  async #sync(): Promise<void> {
    const { store, clock } = this.#deps;
    const startedMs = clock.nowMs();
    try {
      const revision = await store.revision();
      // The database is another one, or was restored: nothing that is known of it counts.
      if (revision < this.#revision) this.#forget(otherStore());
      for (let isLast = revision === this.#revision; !isLast;) {
        const changes = await store.changes(this.#revision);
        for (const stored of changes.credentials) this.#apply(stored);
        this.#revision = Math.max(this.#revision, changes.revision);
        ({ isLast } = changes);
        if (isLast) this.#revision = Math.max(this.#revision, revision);
      }
      this.#hadKeys = false;
      this.#syncedMs = startedMs;
      this.#noteKeys();
    } finally {
      this.#syncing = undefined;
    }
  }

  #noteKeys(): void {
    const { hasKeys } = this;
    if (hasKeys === this.#noted) return;
    this.#noted = hasKeys;
    this.onChange(hasKeys);
  }

  #apply(stored: StoredCredential): void {
    const known = this.#entries.get(stored.id);
    if (stored.isRevoked) {
      if (known === undefined) return;
      this.#entries.delete(stored.id);
      this.#keys -= Number(stored.kind === "key");
      known.caller.end(revokedFailure(stored));
      return;
    }
    if (known !== undefined) return;
    const caller = this.#callerFrom(stored);
    if (caller === undefined) return;
    this.#entries.set(stored.id, { stored, caller, usedMs: undefined });
    this.#ids.set(caller, stored.id);
    this.#keys += Number(stored.kind === "key");
  }

  #callerFrom(stored: StoredCredential): Caller | undefined {
    const { id, name, expiresMs, parent, kind } = stored;
    if (kind === "key") {
      const principal = { kind, id: `key:${id}`, name, grants: new Grants(stored.grants) };
      const until = expiresMs === undefined ? {} : { expiresMs };
      return new Caller({ ...principal, ...until }, this.#deps.expiry.watch);
    }
    const opener = parent === undefined ? undefined : this.callerOf(parent);
    if (opener === undefined || opener.ended !== undefined) return undefined;
    const ends = [expiresMs, opener.principal.expiresMs].filter((ms) => ms !== undefined);
    const untilMs = ends.length === 0 ? {} : { expiresMs: Math.min(...ends) };
    return new Caller({ ...opener.principal, ...untilMs }, this.#deps.expiry.watch);
  }

  async #follow(): Promise<void> {
    const { clock, logger } = this.#deps;
    const { signal } = this.#stop;
    let isFailing = false;
    let usedMs = clock.nowMs();
    let purgedAtMs = clock.nowMs();
    for (;;) {
      await sleep(clock, pollMs, signal);
      if (signal.aborted) return;
      const nowMs = clock.nowMs();
      try {
        await this.refresh();
        if (nowMs - usedMs > useWrittenMs) {
          usedMs = nowMs;
          await this.#writeUse();
        }
        if (nowMs - purgedAtMs > purgedMs) {
          purgedAtMs = nowMs;
          this.#dropExpired(nowMs);
          await this.#deps.store.purge();
        }
        isFailing = false;
      } catch (error) {
        if (!isFailing) {
          logger("warn", "keys cannot be read; those that are known go on for a while", {
            reason: failureFrom(error).message,
            seconds: trustedMs / 1000,
          });
        }
        isFailing = true;
        if (clock.nowMs() - this.#syncedMs > trustedMs) this.#distrust();
      }
    }
  }

  /** Past `trustedMs`: a key may have been revoked meanwhile. */
  #distrust(): void {
    const reason = "The keys could not be read for too long: this node cannot check credentials";
    this.#forget(new Failure("unavailable", reason, { retryAfterMs: 1000 }));
  }

  /** Everything is read again. `hasKeys` stays: what is not known opens nothing. */
  #forget(reason: Failure): void {
    const callers = Array.from(this.#entries.values(), ({ caller }) => caller);
    this.#hadKeys = this.hasKeys;
    this.#keys = 0;
    this.#entries.clear();
    this.#revision = 0;
    for (const caller of callers) caller.end(reason);
  }

  /** Sessions leave the store once they have expired, which is no change. */
  #dropExpired(nowMs: number): void {
    for (const [id, { stored, caller }] of this.#entries) {
      const { expiresMs = nowMs } = stored;
      if (stored.kind === "key" || expiresMs >= nowMs) continue;
      this.#deps.expiry.check(caller);
      this.#entries.delete(id);
    }
  }

  async #writeUse(): Promise<void> {
    const used = [...this.#entries].flatMap(([id, entry]) =>
      entry.usedMs === undefined ? [] : [[id, entry.usedMs] as const],
    );
    if (used.length === 0) return;
    await this.#deps.store.recordUse(new Map(used));
    for (const [id, usedMs] of used) {
      const entry = this.#entries.get(id);
      if (entry?.usedMs === usedMs) entry.usedMs = undefined;
    }
  }
}

function otherStore(): Failure {
  return new Failure("unauthenticated", "The store of keys was replaced");
}

function revokedFailure({ kind, name }: StoredCredential): Failure {
  const message = kind === "key" ? `The key ${name} was revoked` : "The session was ended";
  return new Failure("unauthenticated", message);
}
