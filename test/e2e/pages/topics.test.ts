// The pages of topics: a long list, a topic's life, sending by hand and as a job.

import { describe, expect, test } from "bun:test";
import postgres from "postgres";
import { openAgain, pageTest } from "../../support/browser.ts";
import { ask, post } from "../../support/http.ts";
import { loadTopics } from "../../support/load.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";

const topicsInList = 9_900;

const rig = pageRig({ env: { SLUICE_TOPICS_MAX: "20000" } });

describe("a topic", () => {
  pageTest("is created, changed, and deleted once its name is typed", async () => {
    await rig.load();
    // That nothing has the name yet is a refusal on the console.
    const page = await rig.open("/ui/topics?create=1", { expected: /status of 404/ });
    await page.getByLabel(/^Name/).fill("made-here");
    await page.getByLabel(/^Days for which/).fill("2");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: "made-here" }).waitFor();
    await page.getByText("kept 2 d").waitFor();
    const created = await ask("GET", `${rig.gateway.url}/v1/topics/made-here`);
    expect(created.json.retention_ms).toBe(172_800_000);

    await page.getByText("Change its settings").click();
    await page.getByLabel(/^Days for which/).fill("1");
    await page.getByText("cannot be brought back").waitFor();
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("kept 1 d").waitFor();

    await page.getByRole("button", { name: "Delete the topic…" }).click();
    const confirm = page.getByRole("button", { name: "Delete the topic and its records" });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel("to confirm").fill("made-here");
    await confirm.click();
    await page.getByRole("heading", { name: "Topics", exact: true }).waitFor();
    expect((await ask("GET", `${rig.gateway.url}/v1/topics/made-here`)).status).toBe(404);
  });

  pageTest("is not created over one that exists, which keeps its settings", async () => {
    const kept = { schema: "id", retention_ms: 2_592_000_000 };
    await ask("PUT", `${rig.gateway.url}/v1/topics/taken`, {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(kept),
    });
    const page = await rig.open("/ui/topics?create=1");
    await page.getByLabel(/^Name/).fill("taken");
    await page.getByLabel(/^Days for which/).fill("1");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("alert").getByText("exists already").waitFor();
    expect(await page.getByLabel(/^Days for which/).inputValue()).toBe("1");
    const { json } = await ask("GET", `${rig.gateway.url}/v1/topics/taken`);
    expect(json).toMatchObject(kept);
  });

  pageTest("gets a record by hand, and the same again, with its 64-bit integers", async () => {
    await rig.load();
    await post(`${rig.gateway.url}/v1/topics/by-hand/records`, { first: true });
    const page = await rig.open("/ui/topics/by-hand/send");
    await page.getByLabel(/^Key/).fill("k-1");
    await page.locator("textarea").fill('{"n":9007199254740993,"x":1.50}');
    await page.getByText("The topic would take this record.").waitFor();
    expect((await recordsOf("by-hand")).length).toBe(1);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    const link = page.getByRole("link", { name: /position/ });
    await link.waitFor();
    const [, sent = ""] = /sel=([^&]+)/.exec((await link.getAttribute("href")) ?? "") ?? [];

    await page.goto(`${rig.gateway.url}/ui/topics/by-hand/send?like=${sent}`);
    await page.getByRole("heading", { name: "Send a record again" }).waitFor();
    const value = page.locator("textarea");
    await page.waitForFunction(
      () => document.querySelector("textarea")?.value.includes("9007199254740993") === true,
    );
    expect(await value.inputValue()).toContain("9007199254740993");
    await page.getByText("The topic would take this record.").waitFor();
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("link", { name: /position/ }).waitFor();
    const records = await recordsOf("by-hand");
    expect(records.filter((text) => text.includes("9007199254740993"))).toHaveLength(2);
    const all = await ask("GET", `${rig.gateway.url}/v1/topics/by-hand/records`);
    const last = all.json.events.at(-1).position;
    const again = await ask("GET", `${rig.gateway.url}/v1/topics/by-hand/records/${last}`);
    expect(again.json.headers["sluice-sent-from"]).toBe(`by-hand@${sent}`);
    expect(again.json.key).toBe("k-1");
  });

  pageTest(
    "gets nothing that is not one JSON value, and no text is lost to a look at bytes",
    async () => {
      await post(`${rig.gateway.url}/v1/topics/only-one/records`, { first: true });
      const page = await rig.open("/ui/topics/only-one/send");
      const value = page.locator("textarea");
      const send = page.getByRole("button", { name: "Send", exact: true });
      await value.fill('{"second":true}');
      await page.getByLabel("Bytes, as base64").check();
      expect(await value.inputValue()).toBe("");
      await value.fill("AAEC");
      await page.getByLabel("Bytes, as base64").uncheck();
      expect(await value.inputValue()).toBe('{"second":true}');
      await page.getByLabel("Bytes, as base64").check();
      expect(await value.inputValue()).toBe("AAEC");
      await page.getByLabel("Bytes, as base64").uncheck();
      await send.click();
      await page.getByRole("link", { name: /position/ }).waitFor();

      await value.fill('{"third":true},{"fourth":true}');
      await send.click();
      await page.getByRole("alert").getByText("The value is not JSON").waitFor();
      expect(await page.getByRole("link", { name: /position/ }).count()).toBe(0);
      expect((await recordsOf("only-one")).length).toBe(2);
    },
  );

  pageTest("gets JSON again that looks like the gateway's base64, as JSON", async () => {
    const { json } = await ask("POST", `${rig.gateway.url}/v1/topics/lookalike/records`, {
      headers: { "content-type": "application/json" },
      body: '{"base64":"aGk="}',
    });
    const page = await rig.open(`/ui/topics/lookalike/send?like=${json.position}`);
    await page.getByText("The topic would take this record.").waitFor();
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("link", { name: /position/ }).waitFor();
    const all = await ask("GET", `${rig.gateway.url}/v1/topics/lookalike/records?details=true`);
    // As bytes it would be the two that the member stands for.
    expect(all.json.events.map((one: { size: number }) => one.size >= 17)).toEqual([true, true]);
  });

  pageTest("that refuses a record says why before it is sent", async () => {
    await ask("PUT", `${rig.gateway.url}/v1/topics/strict`, {
      headers: { "content-type": "application/json" },
      body: '{"schema":"id"}',
    });
    const page = await rig.open("/ui/topics/strict/send", { expected: /status of 400/ });
    await page.getByRole("status").filter({ hasText: "schema" }).first().waitFor();
    await page.locator("textarea").fill("{oops");
    await page.getByText("The value is not JSON").first().waitFor();
  });

  pageTest("is sent on as a job: counted, sent, with its progress", async () => {
    await rig.load();
    await post(
      `${rig.gateway.url}/v1/topics/dead/records`,
      Array.from({ length: 60 }, (_, n) => ({ n })),
    );
    const page = await rig.open("/ui/topics/dead/send");
    await page.getByLabel(/^To topic/).fill("alive");
    await page.getByLabel("Only where this CEL expression is true").fill("value.n < 20");
    await page.getByRole("button", { name: "Count first" }).click();
    await page.getByText("20 of 60 records.").waitFor();
    await page.getByRole("button", { name: "Send these 20 to alive" }).click();
    await page.getByText("20 sent, 0 refused").waitFor();
    await page.locator(".badge", { hasText: "done" }).waitFor();
    expect((await recordsOf("alive")).length).toBe(20);
  });
});

pageTest("the list has the load's topics first where records come fastest", async () => {
  await rig.load();
  const page = await rig.open("/ui/topics?sort=rate&q=load.");
  for (const name of loadTopics) {
    const row = page.getByRole("listitem").filter({ hasText: name });
    await row
      .getByTitle("Records a second")
      .filter({ hasText: /^[\d,]{3,}\/s$/ })
      .waitFor();
  }
  await page.getByRole("link", { name: `About ${loadTopics[0]}` }).click();
  await page.getByText(/^[\d,]{3,}\/s, /).waitFor();
});

pageTest("the overview and a topic outlive the gateway's death", async () => {
  await post(`${rig.gateway.url}/v1/topics/kept/records`, { n: 1 });
  const page = await rig.open("/ui/topics/kept/about", { expected: lostOrRefused });
  await page.getByText("Schema rule").first().waitFor();
  await rig.kill();
  await page.getByRole("alert").filter({ hasText: "does not answer" }).first().waitFor();
  // What was known stays.
  expect(await page.getByText("Schema rule").first().isVisible()).toBe(true);
  await rig.restart();
  await page.getByRole("alert").first().waitFor({ state: "detached", timeout: 30_000 });
  await page.getByRole("link", { name: "Overview" }).first().click();
  await page.getByRole("heading", { name: "What is wrong now" }).waitFor();
  await page.getByText("answers this page").waitFor();
});

test("there are as many topics as a gateway may have", async () => {
  const sql = postgres(rig.databaseUrl, { max: 1 });
  await sql`
    insert into sluice.log_topics (name, epoch, layout, retention_ms, retention_bytes, schema_rule)
    select 'load.' || lpad(i::text, 5, '0'), ${Date.now()}, 'records', 0, 0, 'none'
    from generate_series(1, ${topicsInList}) i`;
  await sql.end();
}, 60_000);

pageTest(
  "a list of ten thousand topics: first rows within a second, searched, sorted, scrolled",
  async () => {
    const page = await rig.open("/ui");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    const sinceMs = performance.now();
    await page.getByRole("link", { name: "Topics", exact: true }).first().click();
    await page.getByRole("listitem").nth(5).waitFor();
    const firstRowsMs = performance.now() - sinceMs;
    expect(firstRowsMs).toBeLessThan(3000);
    const list = page.getByRole("list", { name: "Topics" });
    for (let step = 0; step < 60; step++) {
      await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      await page.waitForTimeout(100);
    }
    await page.getByRole("listitem").filter({ hasText: "load.0" }).first().waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    expect(usedSize).toBeLessThan(150e6);
    expect(await page.getByRole("listitem").count()).toBeLessThan(80);

    await page.getByLabel("Part of the name").fill("09876");
    await page.getByRole("link", { name: "load.09876", exact: true }).waitFor();
    await page.getByLabel("Order").selectOption("size");
    await openAgain(page);
    await page.getByRole("link", { name: "load.09876", exact: true }).waitFor();
    expect(new URL(page.url()).search).toBe("?q=09876&sort=size");
  },
);

async function recordsOf(topic: string): Promise<string[]> {
  const path = `/v1/topics/${topic}/records?after=earliest&limit=1000`;
  const { text } = await ask("GET", `${rig.gateway.url}${path}`);
  return Array.from(text.matchAll(/"data":(\{[^}]*\})/g), ([, data = ""]) => data);
}
