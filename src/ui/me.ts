/** Who the page's user is to the gateway. */

import { request } from "./http.ts";

export interface Me {
  readonly kind: "anonymous" | "key" | "token" | "certificate";
  readonly name: string;
  readonly grants: readonly string[];
  readonly closed: boolean;
}

export function readMe(): Promise<Me> {
  return request<Me>("/v1/me");
}

export async function signIn(key: string): Promise<void> {
  const body = JSON.stringify({ key });
  await request("/v1/session", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
}

export async function signOut(): Promise<void> {
  await request("/v1/session", { method: "DELETE" });
}
