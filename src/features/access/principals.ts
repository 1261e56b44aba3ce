/**
 * The callers of principals that have not sent a request just now. Their limits are those of their
 * requests: what runs for somebody counts as that caller's.
 */

import { Caller, type Principal } from "../../core/access/caller.ts";
import type { Guard } from "../../core/access/guard.ts";
import type { Principals } from "../../core/access/principals.ts";
import { type CallerLimits, limited } from "./caller-limits.ts";

export interface PrincipalsDeps {
  readonly guard: Guard;
  /** Of a key's principal, by the id behind `key:`. */
  readonly keyCaller: (id: string) => Caller | undefined;
  readonly limits: CallerLimits;
}

export function createPrincipals({ guard, keyCaller, limits }: PrincipalsDeps): Principals {
  const alive = (caller: Caller | undefined) =>
    caller === undefined || caller.ended !== undefined ? undefined : limited(caller, limits);
  /** Of no address: all of them share one allowance. */
  const anonymous = () => {
    const found = guard.caller({});
    return found instanceof Promise ? undefined : found;
  };
  return {
    current(principal: Principal) {
      const { kind, id } = principal;
      if (!guard.isClosed || kind === "anonymous") return anonymous();
      if (kind === "key") return alive(keyCaller(id.replace(/^key:/, "")));
      return limited(new Caller(principal), limits);
    },
  };
}
