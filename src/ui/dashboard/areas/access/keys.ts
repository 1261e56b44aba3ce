/** Keys and the caller, as the page of access asks for them. */

import { request } from "../../../http.ts";
import type { ListPage } from "../../kit/pages.ts";

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly grants: readonly string[];
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

export interface Caller {
  readonly principal: string;
  readonly kind: string;
  readonly name: string;
  readonly grants: readonly string[];
  readonly expires_at: string | null;
  readonly closed: boolean;
}

export interface NewKey {
  readonly name: string;
  readonly grants: readonly string[];
  readonly expires_at?: string;
}

export function readCaller(): Promise<Caller> {
  return request("/v1/me");
}

export async function listKeys(q: string, after?: string): Promise<ListPage<Key>> {
  const query = new URLSearchParams({ limit: "100" });
  if (q !== "") query.set("q", q);
  if (after !== undefined) query.set("after", after);
  const { keys: items, next } = await request<{
    readonly keys: readonly Key[];
    readonly next: string | null;
  }>(`/v1/keys?${query}`);
  return { items, next };
}

export function createKey(key: NewKey): Promise<Key & { readonly key: string }> {
  return request("/v1/keys", {
    method: "POST",
    body: JSON.stringify(key),
    headers: { "content-type": "application/json" },
  });
}

export async function revokeKey(id: string): Promise<void> {
  await request(`/v1/keys/${id}`, { method: "DELETE" });
}

export const actions = ["read", "append", "manage"] as const;

export const kinds = ["topic", "emitter", "series", "app", "subject", "rule", "node"] as const;
