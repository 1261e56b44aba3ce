/** The `html` examples: pages that a real browser opens, from an origin other than the gateway's. */

import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type Example, expectations, missing } from "./examples.ts";
import { type Addresses, root, withAddresses } from "./run.ts";

const textMsMax = 20_000;

export interface PageServer {
  /** Its host and port. */
  readonly host: string;
  show(html: string): void;
  stop(): void;
}

/** Serves the page that is shown, and the client as the bundle that docs/client.md builds. */
export async function startPageServer(): Promise<PageServer> {
  const built = await Bun.build({
    entrypoints: [join(root, "src/client/index.ts")],
    target: "browser",
    minify: true,
  });
  const bundle = await built.outputs[0]?.text();
  let page = "";
  const server = Bun.serve({
    port: 0,
    hostname: "localhost",
    fetch: (request) =>
      new URL(request.url).pathname === "/sluice-client.js"
        ? new Response(bundle, { headers: { "content-type": "text/javascript" } })
        : new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } }),
  });
  return {
    host: `localhost:${server.port}`,
    show: (html) => (page = html),
    stop: () => void server.stop(true),
  };
}

/** What is wrong, or undefined. */
export async function runPage(
  example: Example,
  addresses: Addresses,
  browser: Browser,
  server: PageServer,
): Promise<string | undefined> {
  server.show(withAddresses(example.code, addresses));
  const expected = expectations(example);
  if (expected.length === 0) return "it has no expected text";
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  try {
    await page.goto(`http://${server.host}/`);
    const deadline = Date.now() + textMsMax;
    for (;;) {
      const text = await page.evaluate(() => document.body.innerText);
      const lacking = missing(expected, text);
      if (lacking === undefined) return undefined;
      if (Date.now() > deadline) {
        return `the page lacks "${lacking}". It shows:\n${text}\n${complaints.join("\n")}`;
      }
      await Bun.sleep(50);
    }
  } finally {
    await page.close();
  }
}
