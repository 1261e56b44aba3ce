/** A real, headless Chromium that records the requests and the complaints of its pages. */

import { test } from "bun:test";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executablePath = process.env["SLUICE_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const pageMs = 90_000;

/** A test that needs the browser. Without it the test is skipped with the reason; in CI it fails. */
export function pageTest(name: string, body: () => Promise<void>, msMax = pageMs): void {
  if (existsSync(executablePath)) return test(name, body, msMax);
  if (process.env["CI"] !== "true") return test.skip(`${name} (skipped: needs Chromium)`, body);
  test(name, () => {
    throw new Error(`Cannot run "${name}": there is no ${executablePath}, expected in CI`);
  });
}

/** Undefined without a browser; `pageTest` then runs nothing that needs it. */
export async function launchBrowser(): Promise<Browser | undefined> {
  if (!existsSync(executablePath)) return undefined;
  return await chromium.launch({
    executablePath,
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

export interface Watched {
  readonly page: Page;
  /** Warnings, errors, and requests to any other host, of all pages of the page's context. */
  readonly complaints: readonly string[];
}

/** A page in a context apart from all others. */
export async function openPage(
  browser: Browser | undefined,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  if (browser === undefined) throw new Error(`Cannot open a page: there is no ${executablePath}`);
  const context = await browser.newContext(options);
  context.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  context.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    complaints.push(`${message.text()} [${message.location().url}]`);
  });
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("request", (request) => {
    const { protocol } = new URL(request.url());
    if (/^https?:$/.test(protocol) && new URL(request.url()).origin !== origin) {
      complaints.push(`asked ${request.url()}`);
    }
  });
  context.on("page", (page) => {
    page.on("websocket", (socket) => {
      if (new URL(socket.url()).host !== new URL(origin).host) {
        complaints.push(`asked ${socket.url()}`);
      }
    });
  });
  return { page: await context.newPage(), complaints };
}

/**
 * Loads the page's address once more, as a reload does. `Page.reload` itself is refused ("Not attached
 * to an active page") while the navigation before it is still being committed.
 */
export async function openAgain(page: Page): Promise<void> {
  await page.goto(page.url(), { waitUntil: "commit" });
}
