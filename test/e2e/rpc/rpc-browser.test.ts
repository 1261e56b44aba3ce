/** A Connect client in a browser: on a page of the gateway, and on pages of other sites. */

import { afterAll, beforeAll, expect } from "bun:test";
import type { Browser } from "playwright-core";
import { bundleForBrowsers } from "../../../src/runtime/bun.ts";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { post } from "../../support/http.ts";
import type { PageResult } from "./rpc-page.ts";

let browser: Browser | undefined;
let script: string;
let site: Bun.Server<undefined>;
let stranger: Bun.Server<undefined>;
let gateway: GatewayProcess;

beforeAll(async () => {
  const serve = () =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
    });
  site = serve();
  stranger = serve();
  [browser, gateway, script] = await Promise.all([
    launchBrowser(),
    startGateway({ env: { SLUICE_ORIGINS: site.url.origin } }),
    bundleForBrowsers(new URL("rpc-page.ts", import.meta.url).pathname, "page").then(
      ({ entry, files }) => new TextDecoder().decode(files.get(entry)),
    ),
  ]);
  await post(`${gateway.url}/v1/topics/pages/records`, [{ n: 1 }, { n: 2 }]);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await Promise.all([gateway.stop(), site.stop(true), stranger.stop(true)]);
});

async function readOn(origin: string, protocol: "connect" | "grpc-web"): Promise<PageResult> {
  const { page } = await openPage(browser, origin);
  await page.goto(`${origin}/livez`);
  await page.addScriptTag({ type: "module", content: script });
  // A module script runs some time after it was added.
  await page.waitForFunction(() => globalThis.readTopicInPage !== undefined);
  return await page.evaluate(
    async ([baseUrl, given]) => {
      const read = globalThis.readTopicInPage;
      if (read === undefined) throw new Error("The page has no script");
      return await read(baseUrl, given, "pages", 2);
    },
    [gateway.url, protocol] as const,
  );
}

const whole: PageResult = {
  serving: true,
  values: [`{"n":1}`, `{"n":2}`],
  refused: ["NotFound", "NOT_FOUND"],
};

for (const protocol of ["connect", "grpc-web"] as const) {
  pageTest(`${protocol} on the gateway's own page`, async () => {
    expect(await readOn(gateway.url, protocol)).toEqual(whole);
  });

  pageTest(
    `${protocol} on a page of SLUICE_ORIGINS, which can also read the details of errors`,
    async () => {
      expect(await readOn(site.url.origin, protocol)).toEqual(whole);
    },
  );

  pageTest(`${protocol} on any other page is refused`, async () => {
    const outcome = await readOn(stranger.url.origin, protocol).catch((error: unknown) => error);
    expect(String(outcome)).toContain("Failed to fetch");
  });
}
