/**
 * Tickets: for EventSource and WebSocket, which cannot send a header. Each is good for one request
 * within 30 seconds, for a part of what its creator may do, and ends with the creator's credential.
 *
 * They are rows, which the request that uses one deletes: any node behind a balancer can be that one,
 * exactly one request wins, and nothing in the database can be used as one.
 */

import { Caller, type Principal } from "../../core/access/caller.ts";
import { type Grant, Grants, missingGrant } from "../../core/access/grant.ts";
import { Semaphore } from "../../core/budget/semaphore.ts";
import type { Clock } from "../../core/clock.ts";
import type { Expiry } from "./expiry.ts";
import type { Ring } from "./ring.ts";
import { createSecret, hashOf, secretId } from "./secret.ts";

export interface StoredTicket {
  readonly grants: readonly Grant[];
  /** The id of the creator's credential, where a node can look it up. */
  readonly origin: string | undefined;
  readonly principal: Omit<Principal, "grants">;
  readonly expiresMs: number;
}

/** Throws `unavailable` where the store does not answer. */
export interface TicketStore {
  create(hash: Uint8Array, ticket: StoredTicket): Promise<void>;
  /** Removes the ticket and returns it, to one of all that take it; undefined where it is unknown. */
  take(hash: Uint8Array): Promise<StoredTicket | undefined>;
}

export interface TicketsDeps {
  readonly store: TicketStore;
  readonly ring: Pick<Ring, "idOf" | "callerOf">;
  readonly expiry: Expiry;
  readonly clock: Clock;
}

export interface CreatedTicket {
  /** Shown once. */
  readonly text: string;
  readonly expiresMs: number;
}

const validMs = 30_000;
const takenAtOnce = 8;
const waitingMax = 1000;

export class Tickets {
  readonly #deps: TicketsDeps;
  readonly #permits = new Semaphore(takenAtOnce, {
    waitingMax,
    refusal: "Too many tickets are being looked up",
  });

  constructor(deps: TicketsDeps) {
    this.#deps = deps;
  }

  /** Throws `forbidden` for what the caller may not do. */
  async create(grants: readonly Grant[], by: Caller): Promise<CreatedTicket> {
    const missing = missingGrant(by.principal.grants, grants);
    if (missing !== undefined || by.ended !== undefined) {
      const { action, kind, name } = missing ?? { action: "read", kind: "*", name: "*" };
      throw by.refusal(action, kind === "*" ? "topic" : kind, name);
    }
    const { store, ring, clock } = this.#deps;
    const { text, hash } = createSecret("ticket");
    const { grants: _, ...principal } = by.principal;
    const expiresMs = clock.nowMs() + validMs;
    await store.create(hash, { grants, origin: ring.idOf(by), principal, expiresMs });
    return { text, expiresMs };
  }

  /** The caller of one request; undefined for a ticket that is wrong, used or expired. */
  async caller(text: string): Promise<Caller | undefined> {
    if (secretId("ticket", text) === undefined) return undefined;
    const { store, ring, expiry, clock } = this.#deps;
    const ticket = await this.#permits.use(() => store.take(hashOf(text)));
    if (ticket === undefined || ticket.expiresMs <= clock.nowMs()) return undefined;
    const { principal, origin } = ticket;
    const creator = origin === undefined ? undefined : ring.callerOf(origin);
    const isOver = origin !== undefined && (creator === undefined || creator.ended !== undefined);
    if (isOver) return undefined;
    const grants = new Grants(ticket.grants);
    const caller = new Caller({ ...principal, grants }, (watched) =>
      expiry.watchWith(watched, creator),
    );
    expiry.check(caller);
    return caller;
  }
}
