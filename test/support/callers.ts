/** Callers with grants, as the guard would make them. */

import { Caller } from "../../src/core/access/caller.ts";
import { Grants, parseGrants } from "../../src/core/access/grant.ts";

/** Of a key with these grants, apart by commas. */
export function callerWith(grants: string): Caller {
  return new Caller({
    kind: "key",
    id: `key:${grants}`,
    name: "test",
    grants: new Grants(parseGrants(grants)),
  });
}

/** Without a credential and without grants. */
export const nobody = new Caller({
  kind: "anonymous",
  id: "anonymous",
  name: "anonymous",
  grants: Grants.none,
});
