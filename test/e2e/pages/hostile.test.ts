// Keys, tags, ids, names and bodies that try to be more than text: on every page they are text.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { pageTest } from "../../support/browser.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { pageRig } from "../../support/pages.ts";

/** What would be found on a page that takes it for markup, and what would make other text look different. */
const markup = '<img src=x onerror="document.title=1"><b id=injected>x</b>\u202Egnp.\u2066';
const name = encodeURIComponent(markup);
const million = "m".repeat(1_000_000);

// A filter that is not an expression is refused, which the console reports.
const rig = pageRig({ isOwn: true, prepare: fill, expected: /status of 400/ });

async function fill(gateway: GatewayProcess): Promise<void> {
  const send = async (
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    type = "application/json",
  ) => {
    const response = await fetch(gateway.url + path, {
      method,
      body,
      headers: { "content-type": type },
    });
    expect([path, response.ok]).toEqual([path, true]);
    await response.body?.cancel();
  };
  const json = (value: unknown) => JSON.stringify(value);
  const records = `/v1/topics/odd/records?key=${name}`;
  await send("POST", records, json([{ [markup]: markup }, { long: million.slice(0, 900_000) }]));
  await send("POST", records, new Uint8Array([0xff, 0xfe, 0x3c, 0x62, 0x3e, 0xc3]), "text/html");
  await send("POST", records, new Uint8Array(0), "application/octet-stream");
  await send("PUT", "/log/odd", json({ source: "external" }));
  await send("POST", "/log/odd", json([{ level: markup, message: markup, process: markup }]));
  const event = { app_id: markup, message_id: markup, event: markup, external_id: markup };
  await send("POST", "/api/event", json(event));
  const settings = { expected: [markup, `${markup} too`], deadline_ms: 100 };
  await send("PUT", `/v1/apps/${name}`, json(settings));
  await send(
    "PUT",
    "/v1/ack-rules/odd",
    json({ topics: ["odd-1", "odd-2"], output: "ack", deadline_ms: 100 }),
  );
  await send("POST", "/v1/topics/odd-1/records", json({ message_id: markup }));
  await send("POST", "/save", json({ time: `${Date.now()}000000`, tag: markup, values: [1] }));
  await send(
    "POST",
    "/sluice.v1.RegistryService/Register",
    json({
      subject: markup,
      protoText: { text: `syntax = "proto3"; // ${markup}\nmessage Odd { string id = 1; }` },
    }),
  );
}

const addresses = [
  "",
  "/overdue",
  "/topics",
  "/topics/odd",
  "/topics/odd/about",
  `/topics/odd?key=${name}&text=${name}&where=${name}`,
  `/messages?app=${name}`,
  `/messages/one?app=${name}&id=${name}`,
  "/apps",
  `/apps/one?app=${name}`,
  "/rules",
  "/rules/odd?tab=sightings",
  "/series",
  `/plot?s=${name}~0~mean&last=15m`,
  "/schemas",
  `/schemas/subject?s=${name}`,
  "/schemas/id/1",
  "/emitters/odd",
  "/streams?s=topic:odd&s=emitter:odd",
  `/find?q=${name}`,
  `/${name}`,
];

for (const address of addresses) {
  pageTest(`/ui${decodeURIComponent(address).slice(0, 60)} shows text alone`, async () => {
    const page = await rig.tab();
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => void dialogs.push(dialog.message()));
    await page.goto(`${rig.gateway.url}/ui${address}`, { waitUntil: "commit" });
    await page.locator("h1").first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => {});
    expect(await injected(page)).toBe(0);
    expect(await page.title()).not.toMatch(/^1$|[\u202E\u2066]/);
    expect(dialogs).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });
}

pageTest("the sentence below a plot has the marks of a tag, and turns no text around", async () => {
  const page = await rig.open(`/ui/plot?s=${name}~0~mean&last=15m`);
  const sentence = page.locator(".plot-section > .about", { hasText: "at last 1" });
  await sentence.getByText("U+202E", { exact: true }).waitFor();
  expect(await sentence.innerText()).not.toContain("\u202E");
});

async function injected(page: Page): Promise<number> {
  return await page.locator("#injected, main img").count();
}
