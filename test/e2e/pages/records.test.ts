/** The messages of a topic: found among many, watched live, opened, and the same after a reload. */

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { openAgain, pageTest } from "../../support/browser.ts";
import { post } from "../../support/http.ts";
import { lostOrRefused, type OpenOptions, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

const rig = pageRig();
const rows = ".virtual-list .record-row";

async function append(topic: string, from: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({ n: from + i, exact: "x" }));
  const { status } = await post(
    `${rig.gateway.url}/v1/topics/${topic}/records?key=k-${from}`,
    events,
  );
  expect(status).toBe(200);
}

async function open(path: string, options?: OpenOptions): Promise<Page> {
  return await rig.open(path, { viewport: { width: 1300, height: 800 }, ...options });
}

async function count(page: Page, name: "received" | "passed"): Promise<number> {
  return Number(await page.locator(".record-counts").getAttribute(`data-${name}`));
}

pageTest(
  "one message among 100,000 is found, and the page says how far it has looked",
  async () => {
    await post(`${rig.gateway.url}/v1/topics/haystack/records?key=needle`, {
      n: -1,
      id: "PLACEHOLDER",
    });
    for (let i = 0; i < 100; i++) await append("haystack", i * 1000, 1000);
    await rig.load();
    const page = await open("/ui/topics/haystack", { expected: /400/ });
    await page.locator(rows).first().waitFor();
    const where = page.getByLabel("Where (CEL)");
    await where.fill("value.n == -1 &&");
    await where.press("Enter");
    await page.getByText(/at column \d+/).waitFor();
    await where.fill("value.n == -1");
    await where.press("Enter");
    await page.locator(`${rows}:has-text("needle")`).waitFor({ timeout: 60_000 });
    await page.getByText(/searched 100,001 of about 100,001, back to/).waitFor();
    await page.getByText("1 found").waitFor();
    expect(await count(page, "passed")).toBe(100_000);

    await page.locator(`${rows}:has-text("needle")`).click();
    await page.locator(".record-view").getByText("PLACEHOLDER").waitFor();
    const address = page.url();
    expect(address).toContain("where=");
    await openAgain(page);
    await page.locator(".record-view").getByText("PLACEHOLDER").waitFor({ timeout: 60_000 });
    expect(page.url()).toBe(address);
    await page.keyboard.press("Escape");

    // A search that finds nothing is stopped as soon as it has begun.
    await where.fill('value.exact.matches("^(y|z)+$")');
    await where.press("Enter");
    const stopMs = await page.evaluate(async () => {
      const button = () =>
        [...document.querySelectorAll<HTMLButtonElement>(".search-line button")].find(
          ({ textContent }) => textContent.trim() === "Stop",
        );
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      while (button() === undefined) await frame();
      const sinceMs = performance.now();
      button()?.click();
      while (button() !== undefined) await frame();
      return performance.now() - sinceMs;
    });
    expect(stopMs).toBeLessThan(200);
    await page.getByRole("button", { name: "Search on" }).waitFor();
    await page.getByText(/found so far/).waitFor();
  },
);

/** A thousand records a second, until it is stopped. */
function produce(topic: string, from: number): { stop(): Promise<number> } {
  let next = from;
  let isStopped = false;
  const running = (async () => {
    while (!isStopped) {
      const sinceMs = performance.now();
      await append(topic, next, 100);
      next += 100;
      await Bun.sleep(Math.max(0, 100 - (performance.now() - sinceMs)));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await running;
      return next;
    },
  };
}

pageTest("a tail at 1,000/s is paused, filtered and resumed, and nothing is missed", async () => {
  await append("tail", 0, 1000);
  const page = await open("/ui/topics/tail?live=1");
  await page.locator(".tail.on").waitFor();
  await until("the first page", 20_000, async () => (await count(page, "received")) === 200);
  const first = produce("tail", 1000);
  await until("the tail to run", 20_000, async () => (await count(page, "received")) > 1000);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused: nothing is read").waitFor();
  const atPause = await count(page, "received");
  await Bun.sleep(1000);
  expect(await count(page, "received")).toBe(atPause);
  await page.getByRole("button", { name: "Resume" }).click();
  const produced = await first.stop();
  await until(
    "every record to have come",
    20_000,
    async () => (await count(page, "received")) === produced - 800,
  );

  await page.getByRole("button", { name: "Pause" }).click();
  const second = produce("tail", produced);
  const where = page.getByLabel("Where (CEL)");
  await where.fill("value.n % 1000 == 7");
  await where.press("Enter");
  await page.getByText("paused: nothing is read").waitFor();
  await Bun.sleep(1000);
  await page.getByRole("button", { name: "Resume" }).click();
  const total = await second.stop();
  const matching = Math.floor((total - 8) / 1000) + 1;
  await until("the filter to have seen everything", 20_000, async () => {
    const [received, passed] = [await count(page, "received"), await count(page, "passed")];
    return received === matching && received + passed === total;
  });
  const values = await page.locator(`${rows} .col-value`).allInnerTexts();
  expect(values.map((text) => JSON.parse(text).n)).toEqual(
    Array.from({ length: matching }, (_, i) => i * 1000 + 7),
  );
  expect(await page.getByText("0 gaps").count()).toBe(1);
});

pageTest("a tail goes on without a gap when the gateway is killed and started again", async () => {
  const send = (n: number) => post(`${rig.gateway.url}/v1/topics/cut/records`, { n });
  for (let n = 0; n < 5; n++) await send(n);
  const page = await open("/ui/topics/cut?live=1", { expected: lostOrRefused });
  await page.locator(".tail.on").waitFor();
  await send(5);
  await until("a live record", 20_000, async () => (await count(page, "received")) === 6);
  await rig.kill();
  await rig.restart();
  for (let n = 6; n < 10; n++) await send(n);
  await until("the others", 30_000, async () => (await count(page, "received")) === 10);
  const values = await page.locator(`${rows} .col-value`).allInnerTexts();
  expect(values.map((text) => JSON.parse(text).n)).toEqual(Array.from({ length: 10 }, (_, n) => n));
  await page.getByText("0 gaps").waitFor();
});

pageTest("a record is opened by keys, shown as bytes, and a large one in slices", async () => {
  const records = `${rig.gateway.url}/v1/topics/odd/records`;
  await post(records, { n: 1, id: "<b>bold</b>" });
  await fetch(records, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array([0xff, 0x00, 0x41]),
  });
  await post(records, { n: 2, text: "y".repeat(900_000) });
  const page = await open("/ui/topics/odd?cols=key,size,value.n,value");
  await page.locator(rows).nth(2).waitFor();
  expect(await page.locator(`${rows} .col-field`).allInnerTexts()).toEqual(["1", "—", "not shown"]);
  await page.getByRole("list", { name: "Records" }).focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  const open_ = page.locator(".record-view");
  await open_.getByText('"<b>bold</b>"').waitFor();
  await page.keyboard.press("ArrowDown");
  await open_.getByText("ff 00 41").waitFor();
  await page.keyboard.press("ArrowDown");
  await open_.getByText(/Bytes 0 to 65,536 of 879 KiB/).waitFor();
  await open_.getByRole("button", { name: "After" }).click();
  await open_.getByText(/Bytes 65,536 to 131,072/).waitFor();
  await open_.getByRole("button", { name: "hex + ASCII" }).click();
  await open_.getByText(/00000000 {2}7b 22 6e/).waitFor();
  await page.getByRole("list", { name: "Records" }).focus();
  await page.keyboard.press("Escape");
  await open_.waitFor({ state: "detached" });
});

pageTest("a copied link begins with the first row of the list", async () => {
  await append("linked", 0, 100);
  await append("linked", 100, 200);
  const page = await open("/ui/topics/linked");
  await page.locator(".record-counts").getByText("200 in the list").waitFor();
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", {
      value: {
        writeText: (text: string) => {
          document.body.dataset["copied"] = text;
          return Promise.resolve();
        },
      },
    });
  });
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.locator("body[data-copied]").waitFor();
  const link = (await page.locator("body").getAttribute("data-copied")) ?? "";
  expect(link).toContain("from=");
  await append("linked", 300, 10);
  await page.goto(link, { waitUntil: "commit" });
  await page.locator(rows).first().waitFor();
  const list = page.getByRole("list", { name: "Records" });
  await list.evaluate((element) => element.scrollTo(0, 0));
  await list.getByText('{"n":100,"exact":"x"}').waitFor();
});
