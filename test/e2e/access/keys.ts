/** Keys of a closed gateway, by its REST interface, and the grants that a declared access asks for. */

import { expect } from "bun:test";
import { actions, resourceKinds } from "../../../src/core/access/grant.ts";
import type { Access } from "../../../src/core/access/need.ts";
import type { Urls } from "../rpc/rpc.ts";

export const adminKey = "test-admin-key-0123456789abcdef0123456789";

export interface NewKey {
  readonly name?: string;
  readonly grants: readonly string[];
  readonly expiresMs?: number;
}

let count = 0;

export async function createKey(
  { url }: Pick<Urls, "url">,
  { name = `test-${count++}`, grants, expiresMs }: NewKey,
): Promise<string> {
  const expires =
    expiresMs === undefined ? {} : { expires_at: new Date(Date.now() + expiresMs).toISOString() };
  const response = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ name, grants, ...expires }),
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([201, expect.any(String)]);
  return (JSON.parse(text) as { readonly key: string }).key;
}

export async function revokeKey({ url }: Pick<Urls, "url">, name: string): Promise<void> {
  const { status } = await fetch(`${url}/v1/keys/${name}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${adminKey}` },
  });
  expect(status).toBe(204);
}

/** `name`: what the call is about; undefined: everything of the kind. */
export interface Grants {
  readonly right: readonly string[];
  /** All that there is, except for what is needed. */
  readonly narrow: readonly string[];
}

export function grantsFor(access: Access, name: string | undefined): Grants {
  const all = actions.flatMap((action) =>
    resourceKinds.map((kind) => ({ action, kind, grant: `${action} ${kind}:*` })),
  );
  if (access.kind === "public") return { right: ["read node:nothing"], narrow: ["append *"] };
  const { action, resource } = access;
  const others = all.filter((one) => one.action !== action || one.kind !== resource);
  const another = name === undefined ? [] : [`${action} ${resource}:another-one`];
  return {
    right: [`${action} ${resource}:${name ?? "*"}`],
    narrow: [...others.map(({ grant }) => grant), ...another],
  };
}

/** Keys are made once for each set of grants. */
export class Keys {
  readonly #urls: Urls;
  readonly #keys = new Map<string, Promise<string>>();

  constructor(urls: Urls) {
    this.#urls = urls;
  }

  of(grants: readonly string[]): Promise<string> {
    const id = grants.toSorted().join(",");
    let key = this.#keys.get(id);
    if (key === undefined) {
      key = createKey(this.#urls, { grants });
      this.#keys.set(id, key);
    }
    return key;
  }
}
