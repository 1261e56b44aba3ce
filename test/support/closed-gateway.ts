/** A real gateway with access control, and keys of it. */

import { type GatewayOptions, type GatewayProcess, startGateway } from "./gateway.ts";

const adminKey = "test-admin-key-0123456789abcdef0123456789";

export interface ClosedGateway extends GatewayProcess {
  /** A new key with these grants, apart by commas. */
  key(grants: string): Promise<string>;
  revoke(key: string): Promise<void>;
}

export async function startClosedGateway(options: GatewayOptions = {}): Promise<ClosedGateway> {
  const gateway = await startGateway({
    ...options,
    env: { SLUICE_ADMIN_KEY: adminKey, ...options.env },
  });
  const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
  let count = 0;
  return {
    ...gateway,
    async key(grants) {
      const body = JSON.stringify({ name: `test-${count++}`, grants: grants.split(/\s*,\s*/) });
      const response = await fetch(`${gateway.url}/v1/keys`, { method: "POST", headers, body });
      const text = await response.text();
      if (response.status !== 201) throw new Error(`There is no key with ${grants}: ${text}`);
      return (JSON.parse(text) as { readonly key: string }).key;
    },
    async revoke(key) {
      const id = key.split("_")[1];
      const path = `${gateway.url}/v1/keys/${id}`;
      const { status } = await fetch(path, { method: "DELETE", headers });
      if (status !== 204) throw new Error(`The key ${id} is not revoked: ${status}`);
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** One request with a key; a body that is not text is sent as JSON. */
export async function call(
  { url }: Pick<GatewayProcess, "url">,
  address: string,
  key?: string,
  body?: unknown,
): Promise<Answer> {
  const [method = "", path = ""] = address.split(" ");
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(typeof body === "object" ? { "content-type": "application/json" } : {}),
    },
    ...(body === undefined ? {} : { body: sent }),
  });
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
  const parsed: unknown = isJson ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed };
}
