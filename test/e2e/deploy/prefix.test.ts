// Sluice below a path of its host, removed by the balancer (as docs/deployment.md says) or kept by it
// (SLUICE_BASE_PATH): pages, files, redirects, the OpenAPI document, SSE, WebSocket, Connect, Location.

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createClient } from "../../../src/client/index.ts";
import {
  type Balancer,
  type BalancerName,
  balancers,
  startBalancer,
} from "../../support/balancer.ts";
import { launchBrowser, openAgain, openPage, pageTest } from "../../support/browser.ts";
import { type Certificate, makeCertificate } from "../../support/certificate.ts";
import { addresses } from "../../support/dashboard.ts";
import { type GatewayPair, startGatewayPair } from "../../support/gateway-pair.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { findTool, toolTest } from "../../support/tools.ts";

const prefix = "/tools/sluice";
const documentation = readFileSync(join(import.meta.dir, "../../../docs/deployment.md"), "utf8");

/** The block of the documentation that begins so, without that line. */
function documented(begin: string): string {
  const blocks = [...documentation.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
  const block = blocks.find((text = "") => text.startsWith(`# ${begin}`));
  if (block === undefined) throw new Error(`docs/deployment.md has no block "# ${begin}"`);
  return block.slice(block.indexOf("\n") + 1);
}

/** Inserts the text before or after what the pattern finds, which must be there once. */
function insert(config: string, pattern: RegExp, put: (found: string) => string): string {
  expect(config.match(new RegExp(pattern, "gm"))).toHaveLength(1);
  return config.replace(new RegExp(pattern, "m"), (found) => put(found));
}

const removing: Readonly<Record<BalancerName, (config: string) => string>> = {
  haproxy: (config) =>
    insert(
      config,
      /^ *http-request del-header X-Forwarded-Prefix\n/,
      (line) => line + documented("haproxy.cfg, in the frontend, after"),
    ),
  caddy: (config) =>
    insert(config, /^\thandle \{\n/, (line) => documented("Caddyfile, in the site") + line),
  nginx: (config) =>
    insert(
      insert(config, /^ *map \$request_uri \$removed_prefix \{[^}]*\}\n/, () =>
        documented('nginx.conf, in "http"'),
      ),
      /^ *location \/ \{\n/,
      (line) => documented('nginx.conf, in "server"') + line,
    ),
};

let certificate: Certificate;
let database: TestDatabase;
let browser: Browser | undefined;

beforeAll(async () => {
  [certificate, browser] = [await makeCertificate(), await launchBrowser()];
  database = await (await testPostgres()).createDatabase();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await database.drop();
}, 30_000);

for (const way of ["removed", "kept"] as const) {
  describe(`a prefix that is ${way}`, () => {
    let pair: GatewayPair;
    beforeAll(async () => {
      pair = await startGatewayPair({
        DATABASE_URL: database.url,
        ...(way === "kept" ? { SLUICE_BASE_PATH: prefix } : {}),
      });
    }, 60_000);
    afterAll(async () => {
      await pair.stop();
      expect(pair.gateways.flatMap((gateway) => gateway.errors())).toEqual([]);
    }, 30_000);
    for (const name of ["haproxy", "caddy", "nginx"] as const) suite(name, way, () => pair);
  });
}

function suite(name: BalancerName, way: "removed" | "kept", pair: () => GatewayPair): void {
  const { tool } = balancers[name];
  describe(`by ${name}`, () => {
    let balancer: Balancer;
    let url: string;
    beforeAll(async () => {
      if (findTool(tool) === undefined) return;
      const { ports } = pair();
      const edit = way === "removed" ? { edit: removing[name] } : {};
      balancer = await startBalancer(name, { certificate, ports, ...edit });
      url = balancer.url + prefix;
    }, 30_000);
    afterAll(async () => await balancer?.stop());

    const id = `behind-${name}-${way}`;
    const tls = () => ({ tls: { ca: certificate.pem } });
    const client = () =>
      createClient({
        url,
        fetch: (input, init) => fetch(input, { ...init, ...tls() }),
      });

    toolTest(tool, "leads where it should, and nowhere else", async () => {
      const asked = (path: string, method = "GET") =>
        fetch(balancer.url + path, { method, redirect: "manual", ...tls() });
      const bare = await asked(prefix);
      expect([bare.status, bare.headers.get("location")]).toEqual([308, `${prefix}/`]);
      const home = await asked(`${prefix}/`);
      const target = new URL(home.headers.get("location") ?? "", `${balancer.url}${prefix}/`);
      expect([home.status, target.pathname]).toEqual([302, `${prefix}/livedoc`]);
      const made = await asked(`${prefix}/log/${id}-location`, "PUT");
      expect(made.headers.get("location")).toBe(`${prefix}/log/${id}-location`);
      const document = (await (await asked(`${prefix}/openapi.json`)).json()) as {
        servers: { url: string }[];
      };
      const server = new URL(
        document.servers[0]?.url ?? "",
        `${balancer.url}${prefix}/openapi.json`,
      );
      expect(server.pathname).toBe(`${prefix}/`);
      if (way === "kept") expect((await asked("/ui")).status).toBe(404);
    });

    toolTest(tool, "serves the client, Connect and names with slashes", async () => {
      const emitter = await client().emitters.create({ id, source: "external" });
      expect(emitter.id).toBe(id);
      await client().publish({ emitter: id }, [{ n: 1 }, { n: 2 }]);
      const read: unknown[] = [];
      for await (const { data } of client().subscribe({ emitter: id }, { from: "earliest" })) {
        if (read.push(data) === 2) break;
      }
      expect(read).toEqual([{ n: 1 }, { n: 2 }]);
      const records = [{ value: btoa("1"), contentType: "application/json" }];
      const connect = await fetch(`${url}/sluice.v1.CollectorService/Publish`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ topic: id, records }),
        ...tls(),
      });
      expect(await connect.json()).toMatchObject({ accepted: "1" });
      // A subject's slash is escaped in a path, and must come through as it is.
      const subject = await fetch(`${url}/subjects/a%2F${id}/versions`, tls());
      expect(await subject.text()).toContain(`a/${id}`);
    });

    pageTest(
      "serves pages that find their files and the API, and complain of nothing",
      async () => {
        if (findTool(tool) === undefined) return;
        const { page, complaints } = await openPage(browser, balancer.url, {
          ignoreHTTPSErrors: true,
        });
        const asked: string[] = [];
        const context = page.context();
        context.on("request", (request) => void asked.push(request.url()));
        await makesAnEmitter(page, url, `${id}-page`);
        // One proxy of each way is enough to tell that every page is there by its own address.
        if (name === "haproxy") {
          const [reference, other] = await Promise.all([context.newPage(), context.newPage()]);
          await Promise.all([
            watchesLive(reference, url),
            visits(other, url, Object.values(addresses)),
          ]);
        }
        await fetch(`${url}/log/${id}-page`, { method: "DELETE", ...tls() });
        // What the addresses name is not on this gateway, which the console reports.
        expect(complaints.filter((text) => !text.includes("status of 404"))).toEqual([]);
        expect(asked.length).toBeGreaterThan(10);
        expect(asked.filter((one) => !one.startsWith(`${url}/`))).toEqual([]);
        await context.close();
      },
    );
  });
}

async function watchesLive(page: Page, url: string): Promise<void> {
  // It reads a document of more than a hundred operations.
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}/`, { waitUntil: "commit" });
  await page.getByRole("heading", { name: "Watch live" }).waitFor();
  await page.locator("#operations-tag-Operation").waitFor();
  const panel = page.locator("#watch");
  await panel.getByLabel("Address").selectOption("/echo");
  await panel.getByRole("button", { name: "Watch" }).click();
  await panel.getByText("The socket is open.").waitFor();
  await page.getByRole("link", { name: "Dashboard" }).click();
  await page.waitForURL(`${url}/ui`, { waitUntil: "commit" });
}

async function makesAnEmitter(page: Page, url: string, id: string): Promise<void> {
  await page.goto(`${url}/ui`, { waitUntil: "commit" });
  await page.getByRole("link", { name: "Emitters" }).click();
  await page.getByRole("button", { name: "Create an emitter" }).click();
  await page.getByLabel("Id").first().fill(id);
  await page.getByLabel("Events/s").fill("20");
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".line .position").nth(5).waitFor();
  await page.getByText(`${url}/sse/log/${id}`).waitFor();
  await openAgain(page);
  await page.locator(".badge", { hasText: "Live" }).waitFor();
}

async function visits(page: Page, url: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await page.goto(`${url}/ui${path}`, { waitUntil: "commit" });
    await page.locator("h1").first().waitFor();
  }
}
