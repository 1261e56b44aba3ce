/** The same scenario on Bun, on Deno and in a browser, through a network that is cut all the time. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startGateway, type GatewayProcess } from "../support/gateway.ts";
import { startProxy, type Proxy } from "./client-proxy.ts";
import { clientScenario } from "./client-scenario.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cameBack = "2000 events over SSE, a socket and pages; came back often";
const timeoutMs = 60_000;

let gateway: GatewayProcess;
let proxy: Proxy;
let cutting: ReturnType<typeof setInterval>;
beforeAll(async () => {
  gateway = await startGateway();
  proxy = await startProxy(gateway.url);
  cutting = setInterval(() => proxy.cut(), 150);
}, 90_000);
afterAll(async () => {
  clearInterval(cutting);
  await proxy[Symbol.asyncDispose]();
  await gateway.stop();
});

test("the client on Bun", async () => {
  expect(await clientScenario(proxy.url, "bun")).toBe(cameBack);
}, timeoutMs);

test("the client on Deno", async () => {
  const child = Bun.spawn(
    [process.execPath, join(root, "node_modules/deno/bin.cjs"), "run", "--quiet", "--allow-net", join(root, "test/deno/client.ts"), proxy.url],
    {
      cwd: root,
      env: { ...process.env, DENO_DIR: join(root, ".cache/deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect({ code, output: output.trim(), errors }).toEqual({ code: 0, output: cameBack, errors: "" });
}, timeoutMs);

const browser = process.env["SLUICE_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const noBrowser = !existsSync(browser);
if (noBrowser && process.env["CI"] === "true") throw new Error(`No Chromium at ${browser}: set SLUICE_TEST_CHROMIUM`);

test.skipIf(noBrowser)(`the client in a browser (needs Chromium: SLUICE_TEST_CHROMIUM)`, async () => {
  const built = await Bun.build({
    entrypoints: [join(root, "test/e2e/client-scenario.ts")],
    target: "browser",
    format: "esm",
  });
  const [script] = built.outputs;
  await using running = await launch();
  const page = await running.newPage();
  const address = `${proxy.url}/client-scenario.js`;
  await page.route(address, async (route) => {
    await route.fulfill({ contentType: "text/javascript", body: (await script?.text()) ?? "" });
  });
  // The page is of the gateway's own origin, as the documentation's are.
  await page.route(`${proxy.url}/page`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${proxy.url}/page`);
  const said = await page.evaluate(async ([module, url]) => {
    const { clientScenario: run } = await import(module);
    return await run(url, "chromium");
  }, [address, proxy.url] as const);
  expect(said).toBe(cameBack);
}, timeoutMs);

function launch() {
  return chromium.launch({
    executablePath: browser,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
