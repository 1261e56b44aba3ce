// Lists that are open show what is created, changed and deleted elsewhere, however far they were scrolled.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { pageTest } from "../../support/browser.ts";
import { call, startClosedGateway } from "../../support/closed-gateway.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

let key: string;
const rig = pageRig({
  start: startClosedGateway,
  prepare: async (gateway) => {
    key = await gateway.key("manage *, read *, append *, manage node:keys");
  },
  // Until the key is entered, requests are refused.
  expected: lostOrRefused,
});

async function send(address: string, body?: unknown): Promise<void> {
  const { status, body: answer } = await call(rig.gateway, address, key, body);
  expect([status < 300, address, answer]).toEqual([true, address, answer]);
}

async function open(path: string): Promise<Page> {
  const page = await rig.open(path);
  await page.getByLabel("API key").fill(key);
  await page.keyboard.press("Enter");
  return page;
}

const ruleOf = (name: string) => ({ topics: [`${name}.1`, `${name}.2`], output: `${name}.acks` });
const measured = (tag: string) => `{"time":${Date.now()}000000,"tag":"${tag}","values":[1]}`;

/** A list with something in it, and what makes an item of it appear. */
const lists: readonly {
  readonly path: string;
  readonly make: (name: string) => Promise<void>;
}[] = [
  { path: "/ui/topics", make: (name) => send(`PUT /v1/topics/${name}`, {}) },
  {
    path: "/ui/schemas",
    make: (name) =>
      send(`POST /subjects/${name}/versions`, {
        schemaType: "PROTOBUF",
        schema: `syntax = "proto3"; message ${name.replaceAll("-", "_")} { int64 n = 1; }`,
      }),
  },
  { path: "/ui/rules", make: (name) => send(`PUT /v1/ack-rules/${name}`, ruleOf(name)) },
  {
    path: "/ui/apps",
    make: (name) => send(`PUT /v1/apps/${name}`, { expected: ["SENT"], deadline_ms: 60_000 }),
  },
  { path: "/ui/series", make: (name) => send("POST /save", measured(name)) },
  { path: "/ui/emitters", make: (name) => send(`PUT /log/${name}`, { source: "external" }) },
  {
    path: "/ui/access",
    make: (name) => send("POST /v1/keys", { name, grants: ["read *"] }),
  },
  {
    path: "/ui/topics/copied/send",
    make: async (name) => {
      await send("POST /v1/topics/copied/records", { n: 1 });
      await send("POST /v1/topics/copied/copies", { copy: name, to: "copies", rate: 10 });
    },
  },
];

for (const { path, make } of lists) {
  pageTest(`${path} shows what is created while it is open`, async () => {
    const name = path.replaceAll(/\W+/g, "-");
    await make(`first${name}`);
    const page = await open(path);
    await page.getByText(`first${name}`).first().waitFor();
    await make(`second${name}`);
    await page.getByText(`second${name}`).first().waitFor();
  });
}

pageTest("a list that was scrolled over thirty pages shows what is true there", async () => {
  // Apps come 500 a page.
  const apps = Array.from({ length: 15_000 }, (_, at) => `many-${String(at).padStart(5, "0")}`);
  for (let at = 0; at < apps.length; at += 1000) {
    const events = apps.slice(at, at + 1000).map((app) => {
      return { app_id: app, message_id: "m", event: "SENT" };
    });
    await send("POST /api/event/bulk", { events });
  }
  const page = await open("/ui/apps");
  const list = page.getByRole("list", { name: "Apps" });
  const scrollTo = (part: number) =>
    list.evaluate((element, at) => element.scrollTo(0, element.scrollHeight * at), part);
  const last = page.locator(".app-row", { hasText: "many-14999" });
  await until("the last app is shown", 60_000, async () => {
    await scrollTo(1);
    return await last.isVisible();
  });
  await last.getByText("expects nothing").waitFor();
  await send("PUT /v1/apps/many-14999", { expected: ["SENT", "PAID"], deadline_ms: 60_000 });
  await until("the last app as it is now", 60_000, async () => {
    await scrollTo(1);
    return await last.getByText("SENT → PAID").isVisible();
  });
  await send("PUT /v1/apps/many-99999", { expected: ["LATER"], deadline_ms: 60_000 });
  await until("the new last one is shown", 60_000, async () => {
    await scrollTo(1);
    return await page.locator(".app-row", { hasText: "many-99999" }).isVisible();
  });
  // What changed where nobody looked is true once it is looked at, and nothing between is missing.
  await send("PUT /v1/apps/many-00000", { expected: ["FIRST"], deadline_ms: 60_000 });
  await send("PUT /v1/apps/many-00000-b", { expected: ["BESIDE"], deadline_ms: 60_000 });
  await scrollTo(0);
  await page.locator(".app-row", { hasText: "many-00000" }).getByText("FIRST").waitFor();
  await page.locator(".app-row", { hasText: "many-00000-b" }).getByText("BESIDE").waitFor();
});
