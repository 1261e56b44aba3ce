// A topic of large records: its list carries the start of each value, and opens as fast as any other.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { launchBrowser, openPage, pageTest } from "../../support/browser.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";

const recordBytes = 1_000_000;
const recordsInTopic = 120;
/** Over the wire: a thousand of them in less than two megabytes. */
const wireBytesMax = 2_000 * recordsInTopic;
/** Until a reader sees the newest ones: a second where nothing else runs, 37 when their values were read whole. */
const openMsMax = 3_000;

let gateway: GatewayProcess;
let browser: Browser | undefined;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  // As large as a body may be, with a record a line.
  const perCall = 8;
  for (let n = 0; n < recordsInTopic; n += perCall) {
    const lines = Array.from({ length: perCall }, (_, i) => {
      const head = `{"n":${n + i},"text":"`;
      return `${head}${"x".repeat(recordBytes - head.length - 2)}"}`;
    });
    const { status } = await ask("POST", `${gateway.url}/v1/topics/large/records`, {
      headers: { "content-type": "application/x-ndjson" },
      body: lines.join("\n"),
    });
    expect(status).toBe(200);
  }
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
}, 30_000);

interface Page {
  readonly events: readonly { readonly size: number; readonly cut: string }[];
  readonly prev: string | null;
}

test("records of a megabyte are listed in less than 2 kB each", async () => {
  let bytes = 0;
  let pages = 0;
  const sizes: number[] = [];
  for (let before: string | null = ""; before !== null; pages++) {
    const from: string = before === "" ? "" : `&before=${before}`;
    const answer = await fetch(
      `${gateway.url}/v1/topics/large/records?details=true&value_bytes=256&limit=1000${from}`,
    );
    expect(answer.status).toBe(200);
    const text = await answer.text();
    bytes += text.length;
    const page = JSON.parse(text) as Page;
    expect(page.events.every(({ cut }) => cut.length === 256)).toBe(true);
    sizes.push(...page.events.map(({ size }) => size));
    before = page.prev;
  }
  expect(sizes).toEqual(Array(recordsInTopic).fill(recordBytes));
  expect(bytes).toBeLessThan(wireBytesMax);
}, 60_000);

pageTest("the page shows the newest of them soon, and all for less than 2 kB each", async () => {
  const { page, complaints } = await openPage(browser, gateway.url, {
    viewport: { width: 1300, height: 800 },
  });
  // The page itself is there: what follows is the topic alone.
  await page.goto(`${gateway.url}/ui/topics`, { waitUntil: "commit" });
  const link = page.getByRole("link", { name: "large", exact: true });
  await link.waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let wireBytes = 0;
  session.on("Network.dataReceived", ({ encodedDataLength }) => (wireBytes += encodedDataLength));
  const sinceMs = performance.now();
  await link.click();
  await page
    .locator(".virtual-list .record-row", { hasText: `"n":${recordsInTopic - 1}` })
    .waitFor();
  const openMs = performance.now() - sinceMs;
  const earlier = page.getByRole("button", { name: "Earlier records" });
  await until("all records in the list", 60_000, async () => {
    if (await earlier.isEnabled({ timeout: 1000 }).catch(() => false)) {
      // It goes when all are there, perhaps while it is pressed.
      await earlier.click({ timeout: 2000 }).catch(() => {});
    }
    const received = await page.locator(".record-counts").getAttribute("data-received");
    return Number(received) === recordsInTopic;
  });
  expect(wireBytes).toBeGreaterThan(recordsInTopic * 256);
  expect(wireBytes).toBeLessThan(wireBytesMax);
  expect(openMs).toBeLessThan(openMsMax);
  expect(complaints).toEqual([]);
  await page.context().close();
});
