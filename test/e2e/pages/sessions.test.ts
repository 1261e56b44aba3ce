// A session that ends under an open stream: the page says when and where, takes another key in place, and
// goes on after that position.

import { describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { pageTest } from "../../support/browser.ts";
import { asAdmin, closed, createKey, revokeKey } from "../../support/keys.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";
import { pause, until } from "../../support/until.ts";
import { receivedCount } from "./stream-rig.ts";

// The console reports what is refused.
const rig = pageRig({ env: closed, expected: lostOrRefused });

async function send(method: string, path: string, body: unknown): Promise<void> {
  const init = { method, headers: asAdmin, body: JSON.stringify(body) };
  const response = await fetch(rig.gateway.url + path, init);
  expect([response.ok, await response.text()]).toEqual([true, expect.any(String)]);
}

async function enter(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Appends about 1,000 events a second until it is stopped; resolves to their number. */
function produce(topic: string): { stop(): Promise<number> } {
  let isOver = false;
  let sent = 0;
  const startedMs = performance.now();
  const running = (async () => {
    while (!isOver) {
      const due = Math.min(500, Math.floor(performance.now() - startedMs) - sent);
      if (due > 0) {
        const events = Array.from({ length: due }, () => ({ n: sent++ }));
        await send("POST", `/v1/topics/${topic}/records`, events);
      } else await pause(20);
    }
    return sent;
  })();
  return {
    async stop() {
      isOver = true;
      return await running;
    },
  };
}

describe("a session ends in the middle of a tail at 1,000 events a second", () => {
  pageTest("the page dims, says when and where, and misses nothing with another key", async () => {
    await send("PUT", "/v1/topics/tail", {});
    const first = await createKey(rig.gateway, "read topic:tail");
    const page = await rig.open("/ui/streams?s=topic:tail");
    await enter(page, first.key);
    await page.locator(".pane .badge", { hasText: "Live" }).waitFor();
    const producing = produce("tail");
    await until("some have come", 20_000, async () => (await receivedCount(page)) > 1500);

    await revokeKey(rig.gateway, first);
    await page.locator("#page.dimmed").waitFor();
    await page.locator(".pane .badge", { hasText: "Signed out" }).waitFor();
    // What came before the end is still being drawn.
    await pause(1000);
    const said = await page.locator(".pane .notice").innerText();
    expect(said).toMatch(/^Signed out at .*\d\d:\d\d:\d\d.*, at position [0-9a-z]+-[0-9a-z]+/);
    const position = /at position (\S+?)\.?$/.exec(said)?.[1] ?? "";
    const shown = await receivedCount(page);
    await pause(1000);
    expect(await receivedCount(page)).toBe(shown);
    expect(await page.locator(".line").count()).toBeGreaterThan(5);

    const second = await createKey(rig.gateway, "read topic:tail");
    await enter(page, second.key);
    await page.locator(".pane .badge", { hasText: "Live" }).waitFor();
    expect(await page.locator("#page.dimmed").count()).toBe(0);
    const sent = await producing.stop();
    await until("all have come", 20_000, async () => (await receivedCount(page)) === sent);
    expect(await page.getByText("0 gaps").count()).toBe(1);
    // What was said is where it went on: the records up to there are those that it had.
    const { events } = (await (
      await fetch(`${rig.gateway.url}/v1/topics/tail/records?after=${position}&limit=1`, {
        headers: asAdmin,
      })
    ).json()) as { readonly events: readonly { readonly data: { readonly n: number } }[] };
    expect(events[0]?.data.n).toBe(shown);
  });

  pageTest(
    "also while the gateway was away, which browsers cannot tell from a refusal",
    async () => {
      await send("PUT", "/v1/topics/away", {});
      const first = await createKey(rig.gateway, "read topic:away");
      const page = await rig.open("/ui/streams?s=topic:away");
      await enter(page, first.key);
      await page.locator(".pane .badge", { hasText: "Live" }).waitFor();
      await rig.kill();
      await page.locator(".badge", { hasText: "Reconnecting" }).waitFor();
      // Its address is another one until the key is revoked.
      await rig.restart({ SLUICE_PORT: "0" });
      await revokeKey(rig.gateway, first);
      await rig.kill();
      await rig.restart();
      await page.locator(".pane .badge", { hasText: "Signed out" }).waitFor();
      await send("POST", "/v1/topics/away/records", [{ message: "meanwhile" }]);
      await enter(page, (await createKey(rig.gateway, "read topic:away")).key);
      await page.getByText("meanwhile", { exact: true }).waitFor();
    },
  );
});
