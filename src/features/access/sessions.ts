/** Sessions of pages: a cookie in place of a key, so that no script ever sees the key again. */

import { audit } from "../../core/access/audit.ts";
import type { Caller } from "../../core/access/caller.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { CredentialStore } from "./credential.ts";
import type { ChangeSignal, Ring } from "./ring.ts";
import { createSecret, secretId } from "./secret.ts";

export interface SessionsDeps {
  readonly store: CredentialStore;
  readonly ring: Pick<Ring, "idOf" | "caller" | "refresh">;
  readonly signal: Pick<ChangeSignal, "announce">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenedSession {
  /** The value of the cookie. */
  readonly secret: string;
  readonly expiresMs: number;
}

/** A day's work: a page that is left open overnight asks for the key again. */
const validMs = 24 * 60 * 60_000;
const sessionsMax = 10_000;
export const sessionCookie = "sluice_session";

export class Sessions {
  readonly #deps: SessionsDeps;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  /** Throws `forbidden` where the caller has no key, `overloaded` where there are too many sessions. */
  async open(by: Caller): Promise<OpenedSession> {
    const { store, ring, clock, logger } = this.#deps;
    const parent = ring.idOf(by);
    if (parent === undefined) {
      throw new Failure("forbidden", "Cannot open a session: expected a key, which can be revoked");
    }
    const { text, id, hash } = createSecret("session");
    const { expiresMs: endMs, name } = by.principal;
    const expiresMs = Math.min(endMs ?? Infinity, clock.nowMs() + validMs);
    const session = {
      id,
      kind: "session" as const,
      parent,
      name,
      grants: [],
      hash,
      createdBy: by.principal.id,
      expiresMs,
      isKeeper: false,
    };
    const created = await store.create(session, { max: sessionsMax, needsKeeper: false });
    if (created !== "created") {
      const message = `Cannot open a session: there are ${sessionsMax}, expected fewer`;
      throw new Failure("overloaded", message);
    }
    await this.#changed();
    const fields = { expires_at: new Date(expiresMs).toISOString() };
    audit(logger, by, { action: "create", kind: "session", name: id, fields });
    return { secret: text, expiresMs };
  }

  /** The caller of a cookie's value; undefined where it is wrong or has ended. */
  caller(secret: string): Caller | undefined | Promise<Caller | undefined> {
    const id = secretId("session", secret);
    return id === undefined ? undefined : this.#deps.ring.caller(id, secret);
  }

  /** Ends the session of the cookie, on every node; one that has ended already changes nothing. */
  async close(secret: string): Promise<void> {
    const { store, logger } = this.#deps;
    const id = secretId("session", secret);
    const caller = await this.caller(secret);
    if (id === undefined || caller === undefined) return;
    await store.revokeSession(id);
    await this.#changed();
    audit(logger, caller, { action: "delete", kind: "session", name: id });
  }

  async #changed(): Promise<void> {
    const { ring, signal } = this.#deps;
    await Promise.all([signal.announce(), ring.refresh()]);
  }
}

/** The value of the session's cookie; undefined without one. */
export function sessionOf(cookie: string): string | undefined {
  for (const pair of cookie.split(";")) {
    const at = pair.indexOf("=");
    if (pair.slice(0, at).trim() === sessionCookie) return pair.slice(at + 1).trim();
  }
  return undefined;
}
