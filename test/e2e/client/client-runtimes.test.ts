/** The same scenario on Bun, on Deno and in a browser, through a network that is cut repeatedly. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Proxy, startProxy } from "./client-proxy.ts";
import { clientScenario } from "./client-scenario.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const cameBack = "2000 events over SSE, a socket and pages; came back often";
const timeoutMs = 60_000;

let gateway: GatewayProcess;
let proxy: Proxy;
let cutting: ReturnType<typeof setInterval>;
beforeAll(async () => {
  gateway = await startGateway();
  proxy = await startProxy(gateway.url);
  startCutting();
}, 90_000);
function startCutting(): void {
  cutting = setInterval(() => proxy.cut(), 150);
}
afterAll(async () => {
  clearInterval(cutting);
  await proxy[Symbol.asyncDispose]();
  await gateway.stop();
});

test(
  "the client on Bun",
  async () => {
    expect(await clientScenario(proxy.url, "bun")).toBe(cameBack);
  },
  timeoutMs,
);

test(
  "the client on Deno",
  async () => {
    const child = Bun.spawn(
      [
        process.execPath,
        join(root, "node_modules/deno/bin.cjs"),
        "run",
        "--quiet",
        "--allow-net",
        join(root, "test/deno/client.ts"),
        proxy.url,
      ],
      {
        cwd: root,
        stdin: "ignore",
        env: {
          ...process.env,
          DENO_DIR: join(root, ".cache/deno"),
          DENO_NO_UPDATE_CHECK: "1",
          NO_COLOR: "1",
        },
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const [output, errors, code] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      child.exited,
    ]);
    expect({ code, output: output.trim(), errors }).toEqual({
      code: 0,
      output: cameBack,
      errors: "",
    });
  },
  timeoutMs,
);

function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text();
}

const browser = process.env["SLUICE_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const noBrowser = !existsSync(browser);
if (noBrowser && process.env["CI"] === "true") {
  throw new Error(`No Chromium at ${browser}: set SLUICE_TEST_CHROMIUM`);
}

test.skipIf(noBrowser)(
  "the client in a browser (needs Chromium: SLUICE_TEST_CHROMIUM)",
  async () => {
    const entrypoint = join(root, "test/e2e/client/client-scenario.ts");
    const built = await Bun.build({ entrypoints: [entrypoint], target: "browser", format: "esm" });
    const script = (await built.outputs[0]?.text()) ?? "";
    await using running = await launch();
    const page = await running.newPage();
    // The page must come from the gateway, because a made-up one would not count as local.
    await whole(() => page.goto(`${proxy.url}/livez`));
    const address = `data:text/javascript;base64,${new TextEncoder().encode(script).toBase64()}`;
    const said = await page.evaluate(runScenario, { address, url: proxy.url });
    expect(said).toBe(cameBack);
  },
  timeoutMs,
);

/** Runs in the page. */
async function runScenario({
  address,
  url,
}: {
  readonly address: string;
  readonly url: string;
}): Promise<string> {
  const scenario: { clientScenario(url: string, runtime: string): Promise<string> } = await import(
    address
  );
  return await scenario.clientScenario(url, "chromium");
}

/** While connections are not cut. */
async function whole(action: () => Promise<unknown>): Promise<void> {
  clearInterval(cutting);
  await action();
  startCutting();
}

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
