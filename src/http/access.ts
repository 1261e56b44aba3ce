/** The caller of a request, and what an endpoint asks of one. */

import { type Caller, openCaller } from "../core/access/caller.ts";
import type { Action, ResourceKind } from "../core/access/grant.ts";

const callers = new WeakMap<Request, Caller>();

/** Before the router, for a gateway with access control. */
export function setCaller(request: Request, caller: Caller): void {
  callers.set(request, caller);
}

/** Of `c.req.raw`. Where nothing is configured, everybody may do everything. */
export function callerOf(request: Request): Caller {
  return callers.get(request) ?? openCaller;
}

/** What an endpoint needs, declared beside its address. */
export type EndpointAccess =
  | { readonly kind: "public"; readonly why: string }
  | {
      readonly kind: "grant";
      readonly action: Action;
      readonly resource: ResourceKind;
      readonly of: GrantName;
    };

/**
 * Which name the right is about. `param`: of the path or query, checked before the handler runs. `name`: a
 * fixed one. `all`: everything of the kind. `handler`: names that are found in the body or in what is
 * listed; the handler asks the caller for each.
 */
export type GrantName =
  | { readonly param: string }
  | { readonly name: string }
  | { readonly all: true }
  | { readonly handler: string };

export function isPublic(why: string): EndpointAccess {
  return { kind: "public", why };
}

export function needs(action: Action, resource: ResourceKind, of: GrantName): EndpointAccess {
  return { kind: "grant", action, resource, of };
}

/** Throws `forbidden` or `unauthenticated`, before anything is looked up. */
export function requireAccess(
  access: EndpointAccess,
  caller: Caller,
  textOf: (param: string) => string | undefined,
): void {
  if (access.kind === "public" || "handler" in access.of) return;
  const { action, resource, of } = access;
  if ("all" in of) return caller.requireAll(action, resource);
  const name = "name" in of ? of.name : textOf(of.param);
  if (name === undefined) return caller.requireAll(action, resource);
  caller.require(action, resource, name);
}
