// The pages of ack rules and of what is overdue, as their readers use them.

import { describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { openAgain, pageTest } from "../../support/browser.ts";
import { lostOrRefused, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

// Refusals that the page shows, and the time in which the gateway was dead, are on the console as well.
const rig = pageRig({ isOwn: true, expected: lostOrRefused });

async function see(topic: string, ...ids: string[]): Promise<void> {
  const { status } = await fetch(`${rig.gateway.url}/v1/topics/${topic}/records`, {
    method: "POST",
    body: JSON.stringify(ids.map((message_id) => ({ message_id }))),
    headers: { "content-type": "application/json" },
  });
  expect(status).toBe(200);
}

async function put(path: string, body: object): Promise<void> {
  const { ok } = await fetch(rig.gateway.url + path, { method: "PUT", body: JSON.stringify(body) });
  expect([path, ok]).toEqual([path, true]);
}

const overdue = (page: Page) => page.getByRole("list", { name: /^Overdue ids/ });

pageTest(
  "a rule is created, an id becomes overdue before one's eyes, and is resolved",
  async () => {
    const page = await rig.open("/ui/rules");
    await page.getByRole("heading", { name: "No ack rules yet" }).waitFor();
    await rig.load();
    await page.getByRole("button", { name: "Create a rule" }).click();
    await page.getByLabel("Name", { exact: true }).fill("parcels");
    await page.getByLabel("Topics, one a line").fill("p.1\np.2");
    await page.getByLabel("Output: the topic of the acks").fill("acks.p");
    await page.getByLabel("Deadline in seconds; empty: none").fill("1.5");
    await page.getByRole("button", { name: "Create the rule" }).click();
    await page.getByRole("heading", { name: "Nothing is overdue" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/ui/rules/parcels");
    await see("p.1", "late/1", "late/2");
    const list = overdue(page);
    await list.getByText("late/1").waitFor();
    await list.getByText("lacks p.2").first().waitFor();
    await page.getByText("2 overdue ids shown").waitFor();

    await list.getByRole("button", { name: "late/1" }).click();
    const one = page.getByRole("region", { name: "One id" });
    await one.getByText("overdue", { exact: true }).waitFor();
    await openAgain(page);
    await one.getByText("not seen").waitFor();
    await see("p.2", "late/1");
    await list.getByText("resolved").waitFor();
    await page.getByText("1 overdue id shown").waitFor();
    await one.getByText("complete", { exact: true }).waitFor();
    await list.getByText("resolved").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Ack rules" }).first().click();
    await page.getByRole("link", { name: "1 overdue of parcels" }).waitFor();
  },
);

pageTest("a change shows what it forgets before it is made", async () => {
  await put("/v1/ack-rules/change", { topics: ["c.1", "c.2", "c.3"], output: "acks.c" });
  await see("c.1", "both", "one", "done");
  await see("c.2", "both", "done");
  await see("c.3", "lonely", "done");
  const page = await rig.open("/ui/rules/change?tab=sightings");
  await page.getByText("3 open ids and 0 overdue ids in 3 combinations").waitFor();
  await page.getByRole("button", { name: "Change" }).click();
  const form = page.getByRole("form", { name: "Change change" });
  const make = form.getByRole("button", { name: "Make the change" });
  await form.getByText("Nothing is changed yet").waitFor();
  expect(await make.isDisabled()).toBe(true);
  await form.getByLabel("Topics, one a line").fill("c.1\nc.2");
  const effects = form.getByRole("region", { name: "What the change would do" });
  await effects.getByText("What was seen in c.3 is forgotten: 1 open id.").waitFor();
  await effects.getByText("because nothing else is missing: 1.").waitFor();
  await effects.getByText("because they were seen nowhere else: 1.").waitFor();
  // Nothing has happened yet.
  const { complete } = (await (
    await fetch(`${rig.gateway.url}/v1/ack-rules/change/stats`)
  ).json()) as {
    complete: number;
  };
  expect(complete).toBe(1);
  await make.click();
  await form.waitFor({ state: "detached" });
  await page.getByText("1 open id and 0 overdue ids in 1 combination").waitFor();
  await page.locator(".rule-numbers").getByText("2", { exact: true }).waitFor();

  // A change that cannot be made says why.
  await page.getByRole("button", { name: "Change" }).click();
  await form.getByLabel("Output: the topic of the acks").fill("c.1");
  await form.getByText("the rule would see its own acks").waitFor();
  expect(await make.isDisabled()).toBe(true);
});

pageTest(
  "a rule is not created over one that exists, which would forget what it has seen",
  async () => {
    await put("/v1/ack-rules/taken", { topics: ["t.1", "t.2"], output: "acks.t" });
    const page = await rig.open("/ui/rules?create=1");
    await page.getByLabel("Name", { exact: true }).fill("taken");
    await page.getByLabel("Topics, one a line").fill("t.3");
    await page.getByLabel("Output: the topic of the acks").fill("acks.t");
    await page.getByRole("button", { name: "Create the rule" }).click();
    await page.getByRole("alert").getByText("exists already").waitFor();
    const rule = await fetch(`${rig.gateway.url}/v1/ack-rules/taken`);
    expect(await rule.json()).toMatchObject({ topics: ["t.1", "t.2"] });
  },
);

pageTest("a change is made only once its own effects are shown", async () => {
  await put("/v1/ack-rules/hasty", { topics: ["h.1", "h.2"], output: "acks.h" });
  const page = await rig.open("/ui/rules/hasty?change=1");
  const form = page.getByRole("form", { name: "Change hasty" });
  const make = form.getByRole("button", { name: "Make the change" });
  await form.getByLabel("Topics, one a line").fill("h.1\nh.2\nh.3");
  await form.getByRole("region", { name: "What the change would do" }).waitFor();
  expect(await make.isEnabled()).toBe(true);
  // A gateway that is slow: what is typed now has no preview yet.
  await page.route("**/preview", () => {});
  await form.getByLabel("Topics, one a line").fill("h.1\nh.3");
  await form.getByText("Asking what it would do").waitFor();
  expect(await make.isDisabled()).toBe(true);
  await form.getByLabel("Output: the topic of the acks").press("Enter");
  const { topics } = (await (await fetch(`${rig.gateway.url}/v1/ack-rules/hasty`)).json()) as {
    topics: string[];
  };
  expect(topics).toEqual(["h.1", "h.2"]);
});

pageTest("a rule is shown by a gateway that takes longer than the page asks", async () => {
  await put("/v1/ack-rules/slow", { topics: ["s.1", "s.2"], output: "acks.s" });
  const page = await rig.tab();
  await page.route("**/v1/ack-rules/slow", async (route) => {
    await Bun.sleep(3000);
    await route.continue().catch(() => {});
  });
  await page.goto(`${rig.gateway.url}/ui/rules/slow`, { waitUntil: "commit" });
  await page.getByRole("button", { name: "Change" }).waitFor({ timeout: 10_000 });
});

pageTest("ids that become overdue while the list is read are not lost by its answer", async () => {
  await put("/v1/ack-rules/race", { topics: ["r.1", "r.2"], output: "acks.r", deadline_ms: 300 });
  const page = await rig.tab();
  let answered = 0;
  await page.route("**/v1/ack-rules/race/messages*", async (route) => {
    const response = await route.fetch();
    await Bun.sleep(4000);
    await route.fulfill({ response }).catch(() => {});
    answered++;
  });
  await page.goto(`${rig.gateway.url}/ui/rules/race`, { waitUntil: "commit" });
  await page.getByText("Reading …").waitFor();
  // Both first reads have been answered by the gateway, but not yet to the page.
  await Bun.sleep(1500);
  expect(answered).toBe(0);
  await see("r.1", "meanwhile");
  await until("both answers", 10_000, () => answered >= 2);
  await overdue(page).getByText("meanwhile").waitFor({ timeout: 5000 });
});

pageTest(
  "what is resolved leaves the later pages of a list as well, and nothing of another list joins",
  async () => {
    for (const rule of ["many", "few"]) {
      const topics = [`${rule}.1`, `${rule}.2`];
      await put(`/v1/ack-rules/${rule}`, { topics, output: `acks.${rule}`, deadline_ms: 300 });
    }
    const ids = Array.from({ length: 450 }, (_, i) => `m-${i}`);
    await see("many.1", ...ids.slice(0, 200));
    await see("many.1", ...ids.slice(200, 449));
    await see("few.1", "only");
    await until("449 overdue ids", 10_000, async () => {
      const stats = await fetch(`${rig.gateway.url}/v1/ack-rules/many/stats`);
      return ((await stats.json()) as { overdue: number }).overdue === 449;
    });
    await see("many.1", ...ids.slice(449));
    const page = await rig.open("/ui/overdue?rule=many");
    const list = overdue(page);
    const toEnd = () => list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await until("the last id is in the list", 15_000, async () => {
      await toEnd();
      return await list.getByText("m-449").isVisible();
    });
    await see("many.2", "m-449");
    await list.getByText("m-449").waitFor({ state: "detached", timeout: 15_000 });

    await openAgain(page);
    await list.getByText("m-0", { exact: true }).waitFor();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route("**/v1/overdue?*after=*", async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    const asked = page.waitForRequest(/overdue\?.*after=/);
    await toEnd();
    await asked;
    await page.evaluate(() => {
      const url = new URL(location.href);
      url.searchParams.set("rule", "few");
      history.pushState(null, "", url);
      dispatchEvent(new PopStateEvent("popstate"));
    });
    await list.getByText("only", { exact: true }).waitFor();
    release();
    await Bun.sleep(1500);
    expect(await list.getByRole("listitem").count()).toBe(1);
  },
);

pageTest(
  "what is overdue everywhere follows the rules, and asks nothing while nothing happens",
  async () => {
    await put("/v1/ack-rules/calm", { topics: ["q.1", "q.2"], output: "acks.q", deadline_ms: 300 });
    const page = await rig.open("/ui/overdue?rule=calm");
    await page.getByText("Nothing of this kind is overdue").waitFor();
    let requests = 0;
    page.on("request", (request) => {
      requests += new URL(request.url()).pathname.startsWith("/v1/overdue") ? 1 : 0;
    });
    // What the rule said before the page was there is read once more, soon after it.
    await Bun.sleep(2500);
    requests = 0;
    await Bun.sleep(6000);
    expect(requests).toBe(0);
    await see("q.1", "calm-1");
    await overdue(page).getByText("calm-1").waitFor({ timeout: 5000 });
    await see("q.2", "calm-1");
    await page.getByText("Nothing of this kind is overdue").waitFor({ timeout: 5000 });
    // A rule that is created while the page is open is followed as well.
    const early = await rig.open("/ui/overdue?rule=later");
    await early.getByRole("heading", { name: "Overdue", exact: true }).waitFor();
    await put("/v1/ack-rules/later", {
      topics: ["w.1", "w.2"],
      output: "acks.w",
      deadline_ms: 300,
    });
    await see("w.1", "later-1");
    await overdue(early).getByText("later-1").waitFor();
  },
);

pageTest("the matrix of sightings has a histogram each, and the figures their median", async () => {
  await put("/v1/ack-rules/drawn", { topics: ["d.1", "d.2"], output: "acks.d", deadline_ms: 4000 });
  const ids = Array.from({ length: 40 }, (_, i) => `d-${i}`);
  await see("d.1", ...ids);
  await see("d.2", ...ids.slice(0, 30));
  const page = await rig.open("/ui/rules/drawn?tab=sightings");
  await page.getByText("10 open ids and 0 overdue ids in 1 combination").waitFor();
  const bars = page.getByRole("img", { name: /^Seen in d\.1 alone: 0 past the deadline/ });
  await bars.waitFor();
  await page.getByText("0 open ids and 10 overdue ids in 1 combination").waitFor();
  await page.getByRole("img", { name: /^Seen in d\.1 alone: 10 past the deadline/ }).waitFor();

  await page.getByRole("link", { name: "Figures" }).click();
  const times = page.getByRole("region", { name: "Ids by the time of their first record" });
  await times.getByText("30 acks; 40 first seen in d.1, 30 first seen in d.2").first().waitFor();
  const delays = page.getByRole("region", { name: "Delay of the acks" });
  const figures = (await (await fetch(`${rig.gateway.url}/v1/ack-rules/drawn/figures`)).json()) as {
    delay_ms: { p50: number };
  };
  const { p50 } = figures.delay_ms;
  const rounded = (value: number) => Number(value.toPrecision(3));
  // On a busy machine the second half of the ids was seen a second later.
  const median = `Median ${p50 < 1000 ? `${rounded(p50)} ms` : `${rounded(p50 / 1000)} s`}`;
  await delays.getByText(median).first().waitFor();
  await delays.getByText("The same as a table").click();
  const rows = delays.getByRole("row");
  const acks = await rows.locator("td.number").allInnerTexts();
  expect(acks.reduce((sum, text) => sum + Number(text), 0)).toBe(30);
  const address = page.url();
  await openAgain(page);
  await delays.getByText(median).first().waitFor();
  expect(page.url()).toBe(address);
});

pageTest("what is overdue everywhere is grouped, narrowed by a click, and exported", async () => {
  await put("/v1/ack-rules/every", { topics: ["e.1", "e.2"], output: "acks.e", deadline_ms: 300 });
  await put("/v1/apps/shop", { expected: ["MADE", "SENT"], deadline_ms: 300 });
  await see("e.1", "e-1", "e-2", "e-3");
  await fetch(`${rig.gateway.url}/api/event`, {
    method: "POST",
    body: JSON.stringify({ app_id: "shop", message_id: "s-1", event: "MADE" }),
    headers: { "content-type": "application/json" },
  });
  await rig.load();
  const page = await rig.open("/ui/overdue");
  const groups = page.getByRole("region", { name: "Groups" });
  const row = (name: string) => groups.getByRole("row", { name });
  await row("lacks e.2 3").waitFor();
  await row("lacks SENT 1").waitFor();
  // One more, without a reload.
  await see("e.1", "e-4");
  await row("lacks e.2 4").waitFor();
  await row("lacks e.2 4").getByRole("button").click();
  const isNarrow = async () => (await overdue(page).getByRole("listitem").count()) === 4;
  await until("the four", 10_000, isNarrow);
  expect(new URL(page.url()).searchParams.get("missing")).toBe("e.2");
  await openAgain(page);
  await overdue(page).getByText("e-4").waitFor();
  expect(await isNarrow()).toBe(true);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "as CSV" }).click(),
  ]);
  const lines = (await Bun.file(await download.path()).text()).trimEnd().split("\r\n");
  expect(lines.length).toBe(5);
  await page.getByRole("button", { name: "Show others than lacks e.2" }).click();
  await page.getByLabel("Group by").selectOption("app");
  await row("app shop 1").waitFor();
  // The overview says so as well, and leads back.
  await page.goto(`${rig.gateway.url}/ui`);
  await page.getByText("Ids are overdue").waitFor();
  await page.getByRole("link", { name: "Look at what is overdue" }).click();
  await groups.waitFor();
});

pageTest(
  "the gateway dies while overdue ids are watched: the page goes on without a gap",
  async () => {
    await put("/v1/ack-rules/lives", {
      topics: ["l.1", "l.2"],
      output: "acks.l",
      deadline_ms: 500,
    });
    await see("l.1", "before");
    const page = await rig.open("/ui/rules/lives");
    const list = overdue(page);
    await list.getByText("before").waitFor();
    await rig.kill();
    await page.locator(".bar .badge", { hasText: "The gateway does not answer" }).waitFor();
    await list.getByText("before").waitFor();
    await rig.restart();
    await see("l.1", "after");
    await see("l.2", "before");
    await list.getByText("after").waitFor();
    await until("the one that was resolved leaves", 15_000, async () => {
      return (await list.getByText("before").count()) === 0;
    });
  },
);

pageTest("ids that try to be markup are text, in lists and in the address", async () => {
  const odd = '<img src=x onerror="document.title=1"><b id=injected>x</b>\u202E/../?#';
  await put("/v1/ack-rules/odd", { topics: ["h.1", "h.2"], output: "acks.h", deadline_ms: 300 });
  await see("h.1", odd, "y".repeat(500));
  const page = await rig.open("/ui/rules/odd");
  const list = overdue(page);
  await list.getByRole("button", { name: "<img src=x" }).click();
  const one = page.getByRole("region", { name: "One id" });
  await one.getByText("not seen").waitFor();
  expect(await one.locator(".mark").first().innerText()).toBe("U+202E");
  await list.getByText("more not shown").waitFor();
  await openAgain(page);
  await one.getByText("overdue", { exact: true }).waitFor();
  await page.goto(`${rig.gateway.url}/ui/overdue?rule=odd`);
  await list.getByRole("link", { name: "<img src=x" }).click();
  await one.getByText("overdue", { exact: true }).waitFor();
  expect(await page.locator("#injected, main img").count()).toBe(0);
  expect(await page.title()).not.toBe("1");
});

pageTest("a rule is deleted once its name is typed", async () => {
  await put("/v1/ack-rules/doomed", { topics: ["x.1"], output: "acks.x" });
  const page = await rig.open("/ui/rules/doomed");
  await page.getByRole("button", { name: "Delete" }).click();
  const button = page.getByRole("button", { name: "Delete the rule" });
  expect(await button.isDisabled()).toBe(true);
  await page.getByLabel("Type doomed to confirm").fill("doomed");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/ui\/rules$/);
  const { status } = await fetch(`${rig.gateway.url}/v1/ack-rules/doomed`);
  expect(status).toBe(404);
});

describe("a reader", () => {
  const closed = pageRig({
    env: { SLUICE_ANONYMOUS_GRANTS: "read rule:*, read topic:c.*" },
  });

  pageTest("finds no button of what it may not do", async () => {
    const page = await closed.open("/ui/rules");
    await page.getByRole("heading", { name: "No ack rules yet" }).waitFor();
    expect(await page.getByRole("button", { name: "Create a rule" }).count()).toBe(0);
  });
});
