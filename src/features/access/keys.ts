/** API keys: created, listed and revoked by callers that may manage them. */

import { audit } from "../../core/access/audit.ts";
import type { Caller } from "../../core/access/caller.ts";
import { type Grant, Grants, missingGrant, renderGrant } from "../../core/access/grant.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure, invalidField, quoted } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { CredentialStore, KeyPage, StoredCredential } from "./credential.ts";
import { keysMax } from "./options.ts";
import type { ChangeSignal, Ring } from "./ring.ts";
import { createSecret } from "./secret.ts";

export interface KeysDeps {
  readonly store: CredentialStore;
  readonly ring: Pick<Ring, "refresh">;
  readonly signal: Pick<ChangeSignal, "announce">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the settings let somebody manage keys, whatever keys there are. */
  readonly hasManager: boolean;
}

export interface NewKey {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly expiresMs: number | undefined;
}

export interface CreatedKey {
  readonly key: StoredCredential;
  /** Shown once. */
  readonly secret: string;
}

export class Keys {
  readonly #deps: KeysDeps;

  constructor(deps: KeysDeps) {
    this.#deps = deps;
  }

  /**
   * Throws `forbidden` for grants that the caller lacks, `conflict` for a name that is taken and for a
   * first key that could not manage keys, `overloaded` where there are too many.
   */
  async create({ name, grants, expiresMs }: NewKey, by: Caller): Promise<CreatedKey> {
    const { store, clock, logger, hasManager } = this.#deps;
    const given = new Grants(grants);
    const missing = missingGrant(by.principal.grants, grants);
    if (missing !== undefined) {
      throw new Failure(
        "forbidden",
        `Cannot grant "${renderGrant(missing)}": ${by.principal.name} lacks it, expected what the creator may do`,
      );
    }
    const nowMs = clock.nowMs();
    if (expiresMs !== undefined && expiresMs <= nowMs) {
      throw invalidField("expires_at", "Cannot create an expired key: expected a time to come");
    }
    const { text, id, hash } = createSecret("key");
    const isKeeper = given.allows("manage", "node", "keys") && expiresMs === undefined;
    const credential = {
      id,
      kind: "key" as const,
      parent: undefined,
      name,
      grants,
      hash,
      createdBy: by.principal.id,
      expiresMs,
      isKeeper,
    };
    const rules = { max: keysMax, needsKeeper: !hasManager };
    const created = await store.create(credential, rules);
    if (created !== "created") throw refusal(name, created);
    await this.#changed();
    const fields = {
      key_name: name,
      grants: grants.map(renderGrant).join(", "),
      expires_at: expiresMs === undefined ? undefined : new Date(expiresMs).toISOString(),
    };
    audit(logger, by, { action: "create", kind: "key", name: id, fields });
    const key = { ...credential, createdMs: nowMs, usedMs: undefined, isRevoked: false };
    return { key, secret: text };
  }

  async list(page: KeyPage): Promise<readonly StoredCredential[]> {
    return await this.#deps.store.keys(page);
  }

  /** Throws `not_found`. */
  async get(idOrName: string): Promise<StoredCredential> {
    const key = await this.#deps.store.key(idOrName);
    if (key === undefined) throw missingKey(idOrName);
    return key;
  }

  /** Throws `not_found`, and `conflict` for the last key that may manage keys. */
  async revoke(idOrName: string, by: Caller): Promise<void> {
    const { store, logger, hasManager } = this.#deps;
    const revoked = await store.revokeKey(idOrName, !hasManager);
    if (revoked === "missing") throw missingKey(idOrName);
    if (revoked === "last_keeper") {
      throw new Failure(
        "conflict",
        `Cannot revoke key ${quoted(idOrName)}: it is the last that may manage keys and does not expire, expected another one first, or SLUICE_ADMIN_KEY`,
      );
    }
    await this.#changed();
    audit(logger, by, { action: "delete", kind: "key", name: revoked.id });
  }

  /** This node knows of the change before it answers, the others learn of it at once. */
  async #changed(): Promise<void> {
    const { ring, signal } = this.#deps;
    await Promise.all([signal.announce(), ring.refresh()]);
  }
}

function missingKey(idOrName: string): Failure {
  return new Failure("not_found", `There is no key ${quoted(idOrName)}`);
}

const refusals = {
  taken: ["conflict", "another key has this name"],
  full: ["overloaded", `there are ${keysMax} keys, expected fewer`],
  no_keeper: [
    "conflict",
    'the first key closes the gateway, and nobody could create another one, expected a key with the grant "manage node:keys" that does not expire, or SLUICE_ADMIN_KEY',
  ],
} as const;

function refusal(name: string, why: keyof typeof refusals): Failure {
  const [code, message] = refusals[why];
  return new Failure(code, `Cannot create key ${quoted(name)}: ${message}`);
}
