/** The creator of a job as JSON. */

import type { Principal, PrincipalKind } from "../../../core/access/caller.ts";
import { Grants, parseGrant, renderGrant } from "../../../core/access/grant.ts";

export interface StoredCreator {
  readonly kind: PrincipalKind;
  readonly id: string;
  readonly name: string;
  readonly grants: readonly string[];
}

export function creatorToJson({ kind, id, name, grants }: Principal): StoredCreator {
  return { kind, id, name, grants: grants.list.map(renderGrant) };
}

export function creatorFromJson({ grants, ...creator }: StoredCreator): Principal {
  return { ...creator, grants: new Grants(grants.map((grant) => parseGrant(grant))) };
}
