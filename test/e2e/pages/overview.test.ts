// The overview: what is wrong now, the last hour, the nodes, and the switch of demo data.

import { expect } from "bun:test";
import { pageTest } from "../../support/browser.ts";
import { ask, post } from "../../support/http.ts";
import { pageRig } from "../../support/pages.ts";

const rig = pageRig({ env: { SLUICE_DEMO: "1" } });

pageTest("an empty gateway shows its first steps, and demo data fills it", async () => {
  const page = await rig.open("/ui");
  await page.getByRole("heading", { name: "First steps" }).waitFor();
  await page.getByText("answers this page").waitFor();
  await page.getByRole("button", { name: "Start demo data" }).click();
  await page.getByRole("button", { name: "Stop demo data" }).waitFor();
  await page.getByRole("heading", { name: "First steps" }).waitFor({ state: "detached" });
  await page
    .getByRole("img", { name: /^Records in over the last hour: [1-9]/ })
    .waitFor({ timeout: 40_000 });
  await page.getByRole("button", { name: "Stop demo data" }).click();
  await page.getByRole("button", { name: "Start demo data" }).waitFor();
  const { json } = await ask("GET", `${rig.gateway.url}/log`);
  expect(json.emitters).toEqual([]);
});

pageTest("what is wrong is said in words, with a way to it, under load", async () => {
  await rig.load();
  await ask("PUT", `${rig.gateway.url}/v1/topics/strict`, {
    headers: { "content-type": "application/json" },
    body: '{"schema":"id"}',
  });
  await post(`${rig.gateway.url}/v1/topics/strict/records`, { n: 1 });
  const page = await rig.open("/ui");
  const problem = page.getByRole("listitem").filter({ hasText: 'Topic "strict"' });
  await problem.getByText("A topic refuses records").waitFor({ timeout: 40_000 });
  await problem.getByRole("link").click();
  await page.getByRole("heading", { name: "strict" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/topics/strict/about");
  await page.goBack();

  // The load is in the last hour of all nodes, and of the one that the page leads to.
  const rate = page.getByRole("img", { name: /^Records in over the last hour: [\d,]{3,}\/s now/ });
  await rate.waitFor({ timeout: 40_000 });
  await page.getByRole("row", { name: "answers this page" }).getByRole("link").click();
  await page.getByRole("heading", { name: /^Node / }).waitFor();
  await rate.waitFor();
  await page.getByRole("region", { name: "Projections" }).getByRole("row").nth(1).waitFor();
});
