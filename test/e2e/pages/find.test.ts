// Search over everything, by page and by palette: it finds what there is, and nothing that may not be read.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { pageTest } from "../../support/browser.ts";
import { call, type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

let all: string;
/** A position of the topic `shop.orders`. */
let position: string;
const rig = pageRig({
  start: startClosedGateway,
  prepare: fill,
  // What a list refuses is on the console as well.
  expected: /^Failed to load resource: .* (?:400|401|403|404) /,
});

async function fill(gateway: ClosedGateway): Promise<void> {
  all = await gateway.key("read *, append *, manage *");
  const put = async (address: string, body: unknown) => {
    const answer = await call(gateway, address, all, body);
    expect([address, answer.status < 300 ? "" : answer.body]).toEqual([address, ""]);
    return answer;
  };
  const { body } = await put("POST /v1/topics/shop.orders/records", [{ a: 1 }]);
  ({ position } = body as { position: string });
  await put("POST /v1/topics/secret.shop/records", [{ a: 1 }]);
  await put("PUT /log/shop-1", { source: "external" });
  await put("POST /save", { time: `${Date.now()}000000`, tag: "shop.heat", values: [1] });
  await put("PUT /v1/ack-rules/shop-rule", {
    topics: ["shop.orders", "secret.shop"],
    output: "acks",
  });
  const event = { app_id: "shop", message_id: "shop-m1", external_id: "ext-77", event: "SENT" };
  await put("POST /api/event", event);
  const text = 'syntax = "proto3"; message Order { string id = 1; }';
  await put("POST /v1/registry/versions?subject=shop-value", { text });
  await until("everything is listed", 20_000, async () => {
    const series = await call(gateway, "GET /v1/series?q=shop", all);
    const messages = await call(gateway, "GET /v1/messages?id_prefix=shop", all);
    const text = JSON.stringify([series.body, messages.body]);
    return text.includes("shop.heat") && text.includes("shop-m1");
  });
}

async function open(path: string, key = all): Promise<Page> {
  const page = await rig.open(path);
  await page.getByLabel("API key").fill(key);
  await page.keyboard.press("Enter");
  return page;
}

const found = (page: Page) => page.locator(".found").getByRole("option");
const group = (page: Page, name: string) => page.getByRole("group", { name, exact: true });

pageTest("one name finds things of every kind, and the keyboard goes there", async () => {
  await rig.load(all);
  const page = await open("/ui/find?q=shop");
  await group(page, "Topics").getByText("shop.orders").waitFor();
  await group(page, "Emitters").getByText("shop-1").waitFor();
  await group(page, "Series").getByText("shop.heat").waitFor();
  await group(page, "Schemas").getByText("shop-value").waitFor();
  await group(page, "Ack rules").getByText("shop-rule").waitFor();
  await group(page, "Messages").getByText("shop-m1").waitFor();
  await page.locator(".found [aria-selected=true]").waitFor();
  const field = page.getByRole("combobox", { name: "A name, an id, a tag, or a position" });
  await field.fill("shop-val");
  await page.waitForURL(/q=shop-val/);
  await field.press("Enter");
  await page.getByRole("heading", { name: "Schemas / shop-value" }).waitFor();
});

pageTest(
  "Ctrl-K finds over any page, with the keyboard alone, and closes with Escape",
  async () => {
    const page = await open("/ui/schemas");
    await page.getByRole("link", { name: "shop-value" }).waitFor();
    await page.keyboard.press("Control+k");
    const dialog = page.getByRole("dialog", { name: "Find" });
    await dialog.getByRole("combobox").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await dialog.getByRole("combobox").fill("shop-rule");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/ui\/rules\/shop-rule/);
    await dialog.waitFor({ state: "detached" });
  },
);

pageTest("an app is found behind a thousand others, and a rule by a part of its name", async () => {
  const events = Array.from({ length: 1_200 }, (_, n) => ({
    ...{ app_id: `many-${String(n).padStart(4, "0")}`, message_id: `m-${n}`, event: "SENT" },
  }));
  const sent = await call(rig.gateway, "POST /api/event/bulk", all, { events });
  expect(sent.status).toBe(200);
  const listOf = async (q: string, limit: number) =>
    (await call(rig.gateway, `GET /v1/apps?limit=${limit}&q=${q}`, all)).body as {
      apps: { app_id: string }[];
      next: string | null;
    };
  await until("all apps", 20_000, async () => (await listOf("NY-1199", 5)).apps.length === 1);
  const first = await listOf("many-00", 60);
  expect([first.apps.length, first.next]).toEqual([60, "many-0059"]);
  expect((await listOf("many-00&after=many-0059", 60)).apps.map(({ app_id: id }) => id)).toEqual(
    Array.from({ length: 40 }, (_, n) => `many-00${60 + n}`),
  );
  const page = await open("/ui/find?q=ny-1199");
  await group(page, "Apps").getByText("many-1199").waitFor();
  const field = page.getByRole("combobox", { name: "A name, an id, a tag, or a position" });
  await field.fill("OP-RUL");
  await group(page, "Ack rules").getByText("shop-rule").waitFor();
});

pageTest("an external id, a schema id and a position are found as a whole", async () => {
  const page = await open("/ui/find?q=ext-77");
  await group(page, "Messages").getByText("shop-m1").waitFor();
  const field = page.getByRole("combobox", { name: "A name, an id, a tag, or a position" });
  await field.fill("1");
  await group(page, "Schemas").getByText("schema id").waitFor();
  await field.fill(position);
  await group(page, "Positions").getByText("position in the topic shop.orders").waitFor();
  expect(await found(page).count()).toBe(1);
  await field.fill("nothing-has-this-name");
  await page.getByText("Nothing that you may read has this name.").waitFor();
});

pageTest("a reader finds no trace of what may not be read", async () => {
  const page = await open("/ui/find?q=shop", await rig.gateway.key("read topic:shop.*"));
  await group(page, "Topics").getByText("shop.orders").waitFor();
  await page.getByText("One hit").waitFor();
  expect(await found(page).count()).toBe(1);
  expect(await page.content()).not.toContain("secret");
  const field = page.getByRole("combobox", { name: "A name, an id, a tag, or a position" });
  for (const text of ["secret", "secret.shop", "shop-value", "shop-m1", "ext-77", "1", "shop-1"]) {
    await field.fill(text);
    await page.getByText("Nothing that you may read has this name.").waitFor();
  }
  // The same words as for a topic that does not exist.
  for (const name of ["secret.shop", "absent.shop"]) {
    await page.goto(`${rig.gateway.url}/ui/topics/${name}`);
    await page.getByText("lacks the grant").first().waitFor();
  }
  for (const subject of ["shop-value", "absent-value"]) {
    await page.goto(`${rig.gateway.url}/ui/schemas/subject?s=${subject}`);
    await page.getByRole("alert").getByText(`lacks the grant "read subject:${subject}"`).waitFor();
  }
  await page.goto(`${rig.gateway.url}/ui/schemas`);
  await page.getByRole("alert").getByText("lacks the grant").first().waitFor();
  expect(await page.content()).not.toContain("shop-value");
});

pageTest("texts that try to be markup are text", async () => {
  const hostile = "<img src=x onerror=alert(1)>\u202Eabc";
  const text = 'syntax = "proto3"; message Order { string id = 1; } // <script>alert(1)</script>';
  const query = new URLSearchParams({ subject: hostile }).toString();
  await call(rig.gateway, `POST /v1/registry/versions?${query}`, all, { text });
  const page = await open("/ui/find?q=%3Cimg");
  const hit = group(page, "Schemas").getByRole("option");
  await hit.waitFor();
  expect(await hit.innerText()).toContain("<img src=x onerror=alert(1)>");
  expect(await hit.innerText()).toContain("U+202E");
  await hit.click();
  await page.getByLabel("Text of the schema").getByText("<script>alert(1)</script>").waitFor();
  expect(await page.locator("main img, main script").count()).toBe(0);
});
