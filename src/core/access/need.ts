/** What an endpoint or an RPC method needs of its caller: declared beside its address. */

import type { Caller } from "./caller.ts";
import type { Action, ResourceKind } from "./grant.ts";

export type Access =
  | { readonly kind: "public"; readonly why: string }
  | {
      readonly kind: "grant";
      readonly action: Action;
      readonly resource: ResourceKind;
      readonly of: GrantName;
    };

/**
 * Which name the right is about. `param`: of the path or query, or a field of the one message of a call;
 * checked before the handler runs. `name`: a fixed one. `all`: everything of the kind. `some`: names
 * that are found in the body or in what is listed; the handler asks the caller for each, and a caller who
 * may do it to none is refused before. `handler`: the handler asks for everything, and a caller without
 * any grant is refused before.
 */
export type GrantName =
  | { readonly param: string }
  | { readonly name: string }
  | { readonly all: true }
  | { readonly some: string }
  | { readonly handler: string };

export function isPublic(why: string): Access {
  return { kind: "public", why };
}

export function needs(action: Action, resource: ResourceKind, of: GrantName): Access {
  return { kind: "grant", action, resource, of };
}

/** Throws `forbidden` or `unauthenticated`, before anything is looked up. */
export function requireAccess(
  access: Access,
  caller: Caller,
  textOf: (param: string) => string | undefined,
): void {
  if (access.kind === "public") return;
  const { action, resource, of } = access;
  if ("handler" in of) {
    const mayNothing = caller.ended !== undefined || caller.principal.grants.isEmpty;
    if (mayNothing) throw caller.refusal(action, resource, "…");
    return;
  }
  if ("some" in of) return caller.requireAny(action, resource);
  if ("all" in of) return caller.requireAll(action, resource);
  const name = "name" in of ? of.name : textOf(of.param);
  if (name === undefined) return caller.requireAll(action, resource);
  caller.require(action, resource, name);
}
