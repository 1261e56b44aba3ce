/**
 * Who calls, and what they may do. The guard makes one for each credential that it has checked, and
 * every protocol passes it on with what the caller asks.
 */

import { Failure, type Issue } from "../failure.ts";
import type { Allowance } from "./allowance.ts";
import { type Action, type GrantedNames, Grants, type ResourceKind } from "./grant.ts";
import type { Portion } from "./portion.ts";

export type PrincipalKind = "anonymous" | "key" | "token" | "certificate";

/** Somebody that grants were given to. */
export interface Principal {
  readonly kind: PrincipalKind;
  /** Unique over all kinds, without a secret: `key:3kf82hs0`, `anonymous`. Logs and limits name it. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly grants: Grants;
  /** Undefined: until it is revoked. */
  readonly expiresMs?: number;
}

/** Open streams end with this failure. */
export type EndListener = (reason: Failure) => void;

export class Caller {
  readonly principal: Principal;
  /** Its share of this node; undefined: it is not limited. Set by the access feature. */
  allowance: Allowance | undefined;
  /** What it has in flight; undefined: nobody knows who it is. Set by the access feature. */
  portion: Portion | undefined;
  #ended: Failure | undefined;
  #suspended: Failure | undefined;
  readonly #listeners = new Set<EndListener>();
  readonly #onWatched: (caller: Caller) => void;

  /** `onWatched` is called whenever something begins to wait for the end of the credential. */
  constructor(principal: Principal, onWatched: (caller: Caller) => void = () => {}) {
    this.principal = principal;
    this.#onWatched = onWatched;
  }

  may(action: Action, kind: ResourceKind, name: string): boolean {
    return this.principal.grants.allows(action, kind, name);
  }

  /** Of every name that starts with `start`. */
  mayAll(action: Action, kind: ResourceKind, start = ""): boolean {
    return this.principal.grants.allowsAll(action, kind, start);
  }

  /** Of any name at all: a list that could only be empty is refused instead. */
  mayAny(action: Action, kind: ResourceKind): boolean {
    return this.principal.grants.allowsAny(action, kind);
  }

  /** The names of which it may: for a store that selects rows by them. */
  names(action: Action, kind: ResourceKind): GrantedNames {
    return this.principal.grants.names(action, kind);
  }

  /** Why one record among others is refused: `field` has the name. Undefined: it may be taken. */
  issue(action: Action, kind: ResourceKind, name: string, field: string): Issue | undefined {
    if (this.#ended === undefined && this.may(action, kind, name)) return undefined;
    const { code, message } = this.refusal(action, kind, name);
    return { field, code, message };
  }

  /**
   * Throws `forbidden`, and `unauthenticated` for a caller without a credential or with one that has
   * ended. Call it before anything is looked up: the answer must not tell whether the thing exists.
   */
  require(action: Action, kind: ResourceKind, name: string): void {
    const isAllowed = this.#ended === undefined && this.may(action, kind, name);
    if (!isAllowed) throw this.refusal(action, kind, name);
  }

  requireAll(action: Action, kind: ResourceKind, start = ""): void {
    const isAllowed = this.#ended === undefined && this.mayAll(action, kind, start);
    if (!isAllowed) throw this.refusal(action, kind, `${start}*`);
  }

  requireAny(action: Action, kind: ResourceKind): void {
    const isAllowed = this.#ended === undefined && this.mayAny(action, kind);
    if (!isAllowed) throw this.refusal(action, kind, "…");
  }

  refusal(action: Action, kind: ResourceKind, name: string): Failure {
    if (this.#ended !== undefined) return this.#ended;
    const needed = `the grant "${action} ${kind}:${name}"`;
    if (this.principal.kind === "anonymous") {
      return new Failure("unauthenticated", `A credential with ${needed} is needed`);
    }
    return new Failure("forbidden", `${this.principal.name} lacks ${needed}`);
  }

  /** Why the credential no longer counts: it has expired, or was revoked. */
  get ended(): Failure | undefined {
    return this.#ended;
  }

  /** Whether something waits for the end of the credential. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Of a gateway without access control. */
  get isOpen(): boolean {
    return this.principal === openPrincipal;
  }

  /** Called by the guard, once. */
  end(reason: Failure): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#endStreams(reason);
  }

  /** Ends what is open, and what is opened until `resume`: of a caller that stands for everybody. */
  suspend(reason: Failure): void {
    this.#suspended = reason;
    this.#endStreams(reason);
  }

  resume(): void {
    this.#suspended = undefined;
  }

  #endStreams(reason: Failure): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(reason);
  }

  /** Calls back when the credential no longer counts, at once where that is so; returns how to stop that. */
  onEnd(listener: EndListener): () => void {
    const reason = this.#ended ?? this.#suspended;
    if (reason !== undefined) {
      listener(reason);
      return () => {};
    }
    const isFirst = this.#listeners.size === 0;
    this.#listeners.add(listener);
    if (isFirst) this.#onWatched(this);
    return () => this.#listeners.delete(listener);
  }
}

const openPrincipal: Principal = {
  kind: "anonymous",
  id: "anonymous",
  name: "anonymous",
  grants: Grants.all,
};

/** A gateway without access control: everybody may do everything. */
export const openCaller = new Caller(openPrincipal);
