/** The guard: from credentials to the caller, at once for every one that this node knows. */

import { Caller, openCaller } from "../../core/access/caller.ts";
import { clientNetwork } from "../../core/access/client-network.ts";
import { Grants } from "../../core/access/grant.ts";
import type { Credentials, Guard } from "../../core/access/guard.ts";
import { BoundedMap } from "../../core/budget/bounded-map.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { AdminKey } from "./admin-key.ts";
import type { Attempts } from "./attempts.ts";
import { secretOf } from "./authorization.ts";
import { type CallerLimits, limited } from "./caller-limits.ts";
import type { Certificates } from "./certificates.ts";
import type { AccessOptions } from "./options.ts";
import type { Ring } from "./ring.ts";
import { secretId } from "./secret.ts";
import { sessionOf, type Sessions } from "./sessions.ts";
import type { Tickets } from "./tickets.ts";
import { Tokens } from "./tokens/tokens.ts";
import { TokenRefused } from "./tokens/verify.ts";

export interface GuardDeps extends CallerLimits {
  readonly options: Pick<AccessOptions, "anonymous" | "isOpenByDefault">;
  readonly ring: Ring;
  readonly admin: AdminKey | undefined;
  readonly tokens: Tokens | undefined;
  readonly certificates: Certificates | undefined;
  readonly sessions: Pick<Sessions, "caller">;
  readonly tickets: Pick<Tickets, "caller">;
  readonly attempts: Attempts;
}

/** Addresses, and networks of IPv6, of callers without a credential that are remembered. */
const addressesMax = 10_000;

type Found = Caller | undefined | Promise<Caller | undefined>;

export class AccessGuard implements Guard {
  readonly #deps: GuardDeps;
  readonly #anonymous: Caller;
  readonly #addresses = new BoundedMap<string, Caller>(addressesMax);
  /** Callers of the open gateway that have streams, by their addresses. */
  readonly #open = new Set<Caller>();
  readonly #isConfigured: boolean;

  constructor(deps: GuardDeps) {
    const { admin, tokens, certificates } = deps;
    const { anonymous, isOpenByDefault } = deps.options;
    this.#deps = deps;
    this.#anonymous = new Caller({ ...openCaller.principal, grants: anonymous ?? Grants.none });
    const configured = [anonymous, admin, tokens, certificates];
    this.#isConfigured = !isOpenByDefault || configured.some((one) => one !== undefined);
    deps.ring.onChange = (hasKeys) => {
      if (hasKeys) this.#closeOpen();
      else openCaller.resume();
    };
  }

  /** The first key closes the gateway, also to those who opened their streams before. */
  #closeOpen(): void {
    const reason = new Failure("unauthenticated", "The first key has closed this gateway");
    openCaller.suspend(reason);
    for (const caller of this.#open) caller.suspend(reason);
    this.#open.clear();
    this.#addresses.clear();
  }

  readonly #watch = (caller: Caller): void => {
    this.#open.add(caller);
    if (this.#open.size <= addressesMax) return;
    for (const one of this.#open) if (!one.isWatched) this.#open.delete(one);
  };

  /** A key that is created on any node closes all of them. */
  get isClosed(): boolean {
    return this.#isConfigured || this.#deps.ring.hasKeys;
  }

  get tellsApart(): boolean {
    return this.#deps.allowances !== undefined || this.isClosed;
  }

  caller(credentials: Credentials): Caller | Promise<Caller> {
    if (!this.isClosed) return this.#atAddress(openCaller, credentials.address);
    const found = this.#find(credentials);
    if (!(found instanceof Promise)) return this.#known(found, credentials);
    return found.then(
      (caller) => this.#known(caller, credentials),
      (error: unknown) => {
        throw this.#refusal(error, credentials);
      },
    );
  }

  /** By the first that there is. Throws and rejects with what is wrong with it. */
  #find(credentials: Credentials): Found {
    const { attempts, tickets, sessions, certificates } = this.#deps;
    const { ticket, cookie, certificate, address } = credentials;
    const given = secretOf(credentials);
    if (given?.ok === false) throw attempts.refuse("malformed", given.message, address?.());
    if (given !== undefined) return this.#ofSecret(given.secret);
    if (ticket !== undefined) {
      // Each is looked up in the store: an address that has sent many wrong ones has to wait.
      if (attempts.isOver(address?.())) return undefined;
      return tickets.caller(ticket);
    }
    const session = cookie === undefined ? undefined : sessionOf(cookie);
    if (session !== undefined) return sessions.caller(session);
    const isCertified = certificate !== undefined && certificates !== undefined;
    return isCertified
      ? certificates.caller(certificate)
      : this.#atAddress(this.#anonymous, address);
  }

  /**
   * Callers without a credential share their grants, and each address has its own allowance and portion; of
   * IPv6, each /64. On an open gateway that limits nobody, everybody is the same caller.
   */
  #atAddress(anonymous: Caller, address: Credentials["address"]): Caller {
    const { allowances } = this.#deps;
    if (allowances === undefined && anonymous.isOpen) return anonymous;
    return this.#ofNetwork(anonymous, clientNetwork(address?.() ?? "unknown"));
  }

  #ofNetwork(anonymous: Caller, network: string): Caller {
    const { allowances, portions } = this.#deps;
    const id = `${anonymous.isOpen ? "open" : "closed"} ${network}`;
    let caller = this.#addresses.get(id);
    if (caller === undefined) {
      caller = anonymous.isOpen
        ? new Caller(anonymous.principal, this.#watch)
        : new Caller(anonymous.principal);
      caller.allowance = allowances?.of(`address:${network}`);
      caller.portion = portions.of(`address:${network}`);
      this.#addresses.set(id, caller);
    }
    return caller;
  }

  #ofSecret(secret: string): Found {
    const { ring, admin, tokens } = this.#deps;
    // Before its form is looked at: the setting may have that of a key.
    if (admin?.is(secret) === true) return admin.caller;
    const id = secretId("key", secret);
    if (id !== undefined) return ring.caller(id, secret);
    return tokens !== undefined && Tokens.mayBe(secret) ? tokens.caller(secret) : undefined;
  }

  #known(caller: Caller | undefined, { address }: Credentials): Caller {
    const { attempts } = this.#deps;
    if (caller === undefined) {
      const message = "The credential is not valid: it is wrong, has been used or was revoked";
      throw attempts.refuse("unknown", message, address?.());
    }
    const { ended } = caller;
    if (ended === undefined) return limited(caller, this.#deps);
    throw ended.code === "unauthenticated" ? attempts.refuseEnded(ended.message) : ended;
  }

  #refusal(error: unknown, { address }: Credentials): Error {
    if (error instanceof TokenRefused) {
      const { attempts } = this.#deps;
      const message = `The token is not valid: ${error.message}`;
      return error.why === "expired"
        ? attempts.refuseEnded(message)
        : attempts.refuse(error.why, message, address?.());
    }
    return failureFrom(error);
  }
}
