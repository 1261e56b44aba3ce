/** The callers of principals that have not sent a request just now. */

import { Caller, openCaller, type Principal } from "../../core/access/caller.ts";
import type { Guard } from "../../core/access/guard.ts";
import type { Principals } from "../../core/access/principals.ts";

export interface PrincipalsDeps {
  readonly guard: Guard;
  /** Of a key's principal, by the id behind `key:`. */
  readonly keyCaller: (id: string) => Caller | undefined;
}

export function createPrincipals({ guard, keyCaller }: PrincipalsDeps): Principals {
  const alive = (caller: Caller | undefined) => (caller?.ended === undefined ? caller : undefined);
  const anonymous = () => {
    const found = guard.caller({});
    return found instanceof Promise ? undefined : found;
  };
  return {
    current(principal: Principal) {
      const { kind, id } = principal;
      if (!guard.isClosed) return openCaller;
      if (kind === "anonymous") return anonymous();
      if (kind === "key") return alive(keyCaller(id.replace(/^key:/, "")));
      return new Caller(principal);
    },
  };
}
