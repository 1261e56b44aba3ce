// The page of access: own grants, keys, and the first key of an open gateway.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { openAgain, pageTest } from "../../support/browser.ts";
import { startClosedGateway } from "../../support/closed-gateway.ts";
import type { GatewayProcess } from "../../support/gateway.ts";
import { type PageRig, pageRig } from "../../support/pages.ts";

// A refusal that the page shows is on the console as well.
const expected = /^Failed to load resource: .* (?:400|401|403|404|409) /;
const open = pageRig({ isOwn: true, expected });
const closed = pageRig({ start: startClosedGateway, expected });

async function show<Gateway extends GatewayProcess>(
  rig: PageRig<Gateway>,
  path: string,
  key?: string,
): Promise<Page> {
  const page = await rig.open(path);
  if (key !== undefined) {
    await page.getByLabel("API key").fill(key);
    await page.keyboard.press("Enter");
  }
  return page;
}

async function statusWith(gateway: GatewayProcess, key: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`${gateway.url}/v1/topics`, { headers })).status;
}

pageTest("a key is created, shown once, and revoked once its name is typed", async () => {
  const { gateway } = closed;
  await closed.load(await gateway.key("read *, append *, manage *"));
  const page = await show(closed, "/ui/access", await gateway.key("manage node:keys, read *"));
  await page.getByRole("heading", { name: "New key" }).waitFor();
  await page.getByLabel("Name, for people").fill("orders-reader");
  await page.getByLabel("Name, or its start and *").fill("orders.*");
  await page.getByRole("button", { name: "Create the key" }).click();
  const dialog = page.getByRole("dialog", { name: "The key, shown this once" });
  const secret = await dialog.locator("code").innerText();
  expect(secret).toMatch(/^slk_/);
  expect(await statusWith(gateway, secret)).toBe(200);
  await dialog.getByRole("button", { name: "It is stored" }).click();
  const row = page.getByRole("row", { name: "orders-reader" });
  await row.getByText("read topic:orders.*").waitFor();
  expect(await page.content()).not.toContain(secret);

  await page.getByLabel("Part of the name or id").fill("ORDERS-R");
  await row.getByRole("button", { name: "Revoke" }).click();
  const confirm = page.getByRole("dialog", { name: "Revoke orders-reader" });
  const button = confirm.getByRole("button", { name: "Revoke the key" });
  expect(await button.isDisabled()).toBe(true);
  await confirm.getByLabel("to confirm").fill("orders-reader");
  await button.click();
  await page.getByText("No key has this in its name or id").waitFor();
  expect(await statusWith(gateway, secret)).toBe(401);
  expect(new URL(page.url()).searchParams.get("q")).toBe("ORDERS-R");
  expect(gateway.log()).toContain('"audit"');
});

pageTest("nobody grants more than they have, and the page says why", async () => {
  const page = await show(closed, "/ui/access", await closed.gateway.key("manage node:keys"));
  await page.getByLabel("Name, for people").fill("too-much");
  await page.locator(".grant-row select").nth(1).selectOption("*");
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("alert").getByText('Cannot grant "read *"').waitFor();
});

pageTest("without the right to manage keys, only the own grants are shown", async () => {
  const page = await show(closed, "/ui/access", await closed.gateway.key("read topic:a.*"));
  await page.getByText("read topic:a.*").waitFor();
  await page.getByText("Keys are shown to those who may manage them").waitFor();
  expect(await page.getByRole("button", { name: /Create|Revoke/ }).count()).toBe(0);
});

pageTest(
  "no page says that nothing is overdue, or that it searches on, to a key that may not read it",
  async () => {
    const page = await show(closed, "/ui/overdue", await closed.gateway.key("read topic:a.*"));
    await page.getByRole("heading", { name: "Nothing that you may read is overdue" }).waitFor();
    await page.goto(`${closed.gateway.url}/ui/messages`);
    await page.getByRole("alert").getByText("lacks the grant").waitFor();
    await page.getByText("searching").waitFor({ state: "detached" });
  },
);

pageTest("what the first key lacks is said before it is created", async () => {
  const page = await show(open, "/ui/access");
  await page.getByText("The first key closes the gateway").waitFor();
  const lacking = page.getByRole("status").filter({ hasText: "The first key lacks" });
  expect(await lacking.count()).toBe(0);
  await page.getByRole("button", { name: "Remove" }).first().click();
  await lacking.getByText("read *", { exact: true }).waitFor();
});

pageTest("the first key closes an open gateway, and the page goes on with it", async () => {
  const page = await show(open, "/ui/access");
  await page.getByText("The first key closes the gateway").waitFor();
  await page.getByRole("button", { name: "Create the first key and close the gateway" }).click();
  const dialog = page.getByRole("dialog", { name: "The key, shown this once" });
  const secret = await dialog.locator("code").innerText();
  await dialog.getByRole("button", { name: "It is stored" }).click();
  await page.getByRole("row", { name: "admin" }).getByText("manage *").waitFor();
  expect(await statusWith(open.gateway, "slk_00000000_none")).toBe(401);
  expect(await statusWith(open.gateway, secret)).toBe(200);
  await openAgain(page);
  await page.getByRole("row", { name: "admin" }).waitFor();
});
