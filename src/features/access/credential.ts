/** Keys and sessions as the store has them, and the port to it. */

import type { Grant } from "../../core/access/grant.ts";

export interface StoredCredential {
  /** The visible part of the secret. */
  readonly id: string;
  readonly kind: "key" | "session";
  /** Of a session: the id of the key that opened it. */
  readonly parent: string | undefined;
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly hash: Uint8Array;
  readonly createdMs: number;
  /** The id of the principal that created it. */
  readonly createdBy: string;
  readonly expiresMs: number | undefined;
  readonly usedMs: number | undefined;
  readonly isRevoked: boolean;
}

export interface NewCredential extends Pick<
  StoredCredential,
  "id" | "kind" | "parent" | "name" | "grants" | "hash" | "createdBy" | "expiresMs"
> {
  /** Whether it lets its owner manage keys, without an end. */
  readonly isKeeper: boolean;
}

export interface CreateRules {
  readonly max: number;
  /** Whether the first key must be one that is a keeper. */
  readonly needsKeeper: boolean;
}

/** `taken`: another key has the name. `full`: there are `max`. `no_keeper`: nobody could manage keys. */
export type Created = "created" | "taken" | "full" | "no_keeper";

/** `last_keeper`: nobody could manage keys without it. */
export type Revoked = "last_keeper" | "missing" | { readonly id: string };

export interface KeyPage {
  readonly limit: number;
  /** Those with later names. */
  readonly after: string | undefined;
  /** Part of the name or of the id, in any case of letters; left out: all. */
  readonly text?: string;
}

/** Throws `unavailable` where the store does not answer. */
export interface CredentialStore {
  create(credential: NewCredential, rules: CreateRules): Promise<Created>;
  /** Of an id or a name; without revoked ones. */
  key(idOrName: string): Promise<StoredCredential | undefined>;
  /** By name. */
  keys(page: KeyPage): Promise<readonly StoredCredential[]>;
  /** Its sessions as well; `needsKeeper`: not the last one that may manage keys without an end. */
  revokeKey(idOrName: string, needsKeeper: boolean): Promise<Revoked>;
  revokeSession(id: string): Promise<void>;
  /** That of the last change, of all nodes. */
  revision(): Promise<number>;
  /** The next changes, revoked ones included, and the revision of the last of them. */
  changes(after: number): Promise<Changes>;
  recordUse(times: ReadonlyMap<string, number>): Promise<void>;
  /** Drops what has been revoked or has expired for so long that every node knows. */
  purge(): Promise<void>;
}

export interface Changes {
  readonly credentials: readonly StoredCredential[];
  readonly revision: number;
  readonly isLast: boolean;
}
