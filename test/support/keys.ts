/** API keys of a closed gateway, made over REST. */

import { expect } from "bun:test";
import type { GatewayProcess } from "./gateway.ts";

export const adminKey = "slk_administrator_of_the_tests_0123456789abcdef";

/** Settings of a gateway that `adminKey` opens. */
export const closed = { SLUICE_ADMIN_KEY: adminKey } as const;

export function bearer(key: string): { readonly authorization: string } {
  return { authorization: `Bearer ${key}` };
}

export const asAdmin = { ...bearer(adminKey), "content-type": "application/json" } as const;

export interface CreatedKey {
  readonly id: string;
  readonly key: string;
}

let count = 0;

export async function createKey(
  { url }: Pick<GatewayProcess, "url">,
  ...grants: readonly string[]
): Promise<CreatedKey> {
  const response = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: asAdmin,
    body: JSON.stringify({ name: `test-${count++}`, grants }),
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([201, expect.any(String)]);
  return JSON.parse(text) as CreatedKey;
}

export async function revokeKey(
  { url }: Pick<GatewayProcess, "url">,
  { id }: CreatedKey,
): Promise<void> {
  const response = await fetch(`${url}/v1/keys/${id}`, { method: "DELETE", headers: asAdmin });
  expect(response.ok).toBe(true);
}
