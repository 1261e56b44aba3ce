/** Every address that the documentation names is one that the gateway serves, by that method. */

import { expect, test } from "bun:test";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway } from "../support/gateway.ts";
import { root } from "./run.ts";

const pages = ["README.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()];

interface Named {
  readonly page: string;
  readonly method: string;
  readonly path: string;
}

test("addresses in code style are those of the OpenAPI document", async () => {
  const gateway = await startGateway();
  try {
    const response = await fetch(`${gateway.url}/openapi.json`);
    const document = (await response.json()) as { paths: Record<string, object> };
    const served = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => patternOf(`${method.toUpperCase()} ${path}`)),
    );
    const named = pages.flatMap(addressesOf);
    expect(named.length).toBeGreaterThan(60);
    const wrong = named
      .filter(({ method, path }) => !served.some((pattern) => pattern.test(`${method} ${path}`)))
      .map(({ page, method, path }) => `${page} names ${method} ${path}, which is not served`);
    expect(wrong).toEqual([]);
  } finally {
    await gateway.stop();
  }
}, 60_000);

/** Code spans such as `GET /log/{id}?limit`; a socket is opened by a `GET`. */
function addressesOf(page: string): Named[] {
  const markdown = readFileSync(join(root, page), "utf8");
  const spans = markdown.matchAll(/`(GET|PUT|POST|DELETE|WS)\s+(\/[^`\s]*)`/g);
  return (
    [...spans]
      .map(([, method = "", address = ""]) => {
        const [path = ""] = address.split(/[?…]/, 1);
        return { page, method: method === "WS" ? "GET" : method, path };
      })
      // A call of an RPC method is a POST as well.
      .filter(({ path }) => !path.startsWith("/sluice.v1."))
  );
}

/** A parameter of the document is any segment in the text, a name in braces included. */
function patternOf(address: string): RegExp {
  const parts = address.split(/\{\w+\}/).map((text) => RegExp.escape(text));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}
