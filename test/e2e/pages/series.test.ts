// The list of series and the plot, in a real browser: what they show is what the gateway answers,
// whatever the tags are, however many there are, and while the gateway is killed and comes back.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { openAgain, pageTest } from "../../support/browser.ts";
import { ask, post } from "../../support/http.ts";
import { lostOrRefused as expected, pageRig } from "../../support/pages.ts";
import { until } from "../../support/until.ts";

const s = 1_000_000_000n;
const hour = 3600n * s;
const tagsMany = 100_000;
const hostile = '<img src=x onerror="alert(1)">\u202E/%2F~0~last';
const firstRowsMsMax = 1000;
const heapBytesMax = 150 * 2 ** 20;

let nowNs: bigint;
const rig = pageRig({ isOwn: true, prepare: fill });

async function fill(): Promise<void> {
  nowNs = BigInt(Date.now()) * 1_000_000n;
  // A day: one each ten seconds, but for an hour; and every 100 ms around a moment four hours ago.
  const day = Array.from({ length: 8640 }, (_, i) => nowNs - BigInt(i) * 10n * s).filter(
    (ns) => ns > nowNs - 7n * hour || ns < nowNs - 8n * hour,
  );
  const dense = Array.from({ length: 300 }, (_, i) => nowNs - 4n * hour + BigInt(i) * 100_000_007n);
  await save([...day, ...dense].map((ns) => [ns, "boiler-7", valueAt(ns)] as const));
  await save([[nowNs - 5n * s, hostile, 7]]);
}

/** Rises over the day, in steps that a mean does not hide. */
function valueAt(ns: bigint): number {
  return Number((ns / 100_000_000n) % 100_000n) / 7;
}

async function save(points: readonly (readonly [ns: bigint, tag: string, value: number])[]) {
  for (let at = 0; at < points.length; at += 20_000) {
    const lines = points
      .slice(at, at + 20_000)
      .map(([ns, tag, value]) => `{"time":${ns},"tag":${JSON.stringify(tag)},"values":[${value}]}`);
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await ask("POST", `${rig.gateway.url}/save`, {
      body: lines.join("\n"),
      headers,
    });
    expect(answer.status).toBeLessThan(300);
  }
}

const plot = (query: string) => `/ui/plot?s=${encodeURIComponent("boiler-7~0~last")}&${query}`;

/** What the table of the page says: the digits of times, and values. */
async function tableRows(page: Page): Promise<readonly (readonly [ns: bigint, value: string])[]> {
  const cells = page.locator(".cell-table .cell-row:not(.head)");
  await cells.first().waitFor();
  const rows = await cells.evaluateAll((all) =>
    all.map((row) => [...row.children].map((child) => child.textContent ?? "")),
  );
  return rows.map(([time = "", value = ""]) => [nsFrom(time), value] as const);
}

/** `2026-11-29 10:02:11.420 113 007 UTC` */
function nsFrom(text: string): bigint {
  const [date = "", clock = "", ...rest] = text.split(" ");
  const [whole = "", milli = ""] = clock.split(".");
  const fraction = [milli, ...rest.slice(0, -1)].join("").padEnd(9, "0");
  return BigInt(Date.parse(`${date}T${whole}Z`)) * 1_000_000n + BigInt(fraction);
}

interface Sample {
  readonly time: string;
  readonly values: readonly number[] | null;
}

async function samples(path: string): Promise<readonly Sample[]> {
  const { status, text } = await ask("GET", rig.gateway.url + path);
  expect(status).toBe(200);
  const quoted = text.replaceAll(/"(time|from|to|start|end|at)":(-?\d+)/g, '"$1":"$2"');
  const answer = JSON.parse(quoted) as { samples?: readonly Sample[]; points?: readonly Sample[] };
  return answer.samples ?? answer.points ?? [];
}

/** Ends of the range that the page has, from its address. */
function rangeOf(page: Page): { readonly start: bigint; readonly end: bigint } {
  const query = new URL(page.url()).searchParams;
  return { start: BigInt(query.get("start") ?? 0), end: BigInt(query.get("end") ?? 0) };
}

async function brush(page: Page, from: number, to: number): Promise<void> {
  const box = await page.locator(".u-over").boundingBox();
  if (box === null) throw new Error("There is no plot");
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
}

pageTest("zooms from a day to a second, and each value is that of the gateway", async () => {
  await rig.load();
  const end = nowNs;
  const begin = end - 24n * hour;
  // So wide that it has a thousand cells, as `/api` has samples.
  const viewport = { width: 1600, height: 1000 };
  const page = await rig.open(plot(`start=${begin}&end=${end}&table=1&tz=utc`), { viewport });
  await page.locator(".u-over").waitFor();
  const compared: string[] = [];
  let steps = 0;
  for (; steps < 20; steps++) {
    const { start, end: until } = rangeOf(page);
    await expectTable(page, start, until);
    compared.push(String(until - start));
    if (until - start <= s) break;
    // The dense measurements begin four hours ago: the brush closes in on them.
    const target = nowNs - 4n * hour + 10n * s;
    const place = Number(target - start) / Number(until - start);
    const url = page.url();
    await brush(page, Math.max(0, place - 0.06), Math.min(1, place + 0.06));
    await page.waitForFunction((old) => location.href !== old, url);
  }
  expect(steps).toBeGreaterThan(4);
  const last = rangeOf(page);
  expect(last.end - last.start).toBeLessThanOrEqual(s);
  const address = page.url();
  const before = await tableRows(page);
  await openAgain(page);
  expect(page.url()).toBe(address);
  await until("the same rows are there again", 10_000, async () =>
    Bun.deepEquals(await tableRows(page), before),
  );
  await page.locator(".plot-box").focus();
  await page.keyboard.press("-");
  await page.waitForFunction((old) => location.href !== old, address);
  await page.keyboard.press("Escape");
  await page.waitForFunction((old) => location.href === old, address);
});

/** The rows that are drawn are points of the gateway's answer, which is `/api`'s for the same instants. */
async function expectTable(page: Page, start: bigint, end: bigint): Promise<void> {
  const range = `start=${start}&end=${end}`;
  await page.waitForFunction(
    (text) => document.querySelector(".plot-section[aria-busy=false]") !== null && text !== "",
    range,
  );
  await until(`the table shows ${range}`, 10_000, async () => {
    const [first] = await tableRows(page);
    return first !== undefined && first[0] > start && first[0] <= start + (end - start) / 40n;
  });
  const rows = await tableRows(page);
  const width = await page.evaluate(() => {
    const label = document.querySelector(".cell-table .virtual-list")?.getAttribute("aria-label");
    return Number(/^\d+/.exec(label ?? "")?.[0]);
  });
  const answered = await samples(`/v1/series/boiler-7?${range}&agg=last&points=${width}`);
  const byTime = new Map(answered.map(({ time, values }) => [BigInt(time), values?.[0]]));
  expect(rows.length).toBeGreaterThan(5);
  for (const [ns, value] of rows) expect([ns, value]).toEqual([ns, String(byTime.get(ns) ?? "—")]);
  if (end - start < 600n * s) return;
  const api = await samples(`/api?tag=boiler-7&${range}`);
  const sampled = new Map(api.map(({ time, values }) => [BigInt(time), values?.[0]]));
  expect(rows.every(([ns]) => sampled.has(ns))).toBe(true);
  for (const [ns, value] of rows) {
    expect([ns, value]).toEqual([ns, String(sampled.get(ns) ?? "—")]);
  }
}

pageTest(
  "a gap is hatched and said, the cursor speaks, and each measurement is exact",
  async () => {
    const page = await rig.open(plot(`start=${nowNs - 9n * hour}&end=${nowNs - 6n * hour}&tz=utc`));
    const box = page.getByRole("slider", { name: /^Plot of 1 line/ });
    await page.getByText("hatched: nothing was measured").waitFor();
    await page.getByText(/1 gap, the longest (59 min 5\d s|1 h)/).waitFor();
    await box.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    const spoken = (await box.getAttribute("aria-valuetext")) ?? "";
    expect(spoken).toMatch(/^2026-.* UTC\. boiler-7 \[0\] last: \d/);
    const newest = page.locator(".plot-legend tbody td").nth(1);
    await until("the measurement at the cursor is there", 5000, async () =>
      /\d{3} \d{3} \d{3} UTC/.test(await newest.innerText()),
    );
    const at = nsFrom((await newest.innerText()).replace(/ UTC.*/s, " UTC"));
    expect((nowNs - at) % (10n * s)).toBe(0n);
    expect((await newest.locator("b").innerText()).trim()).toBe(String(valueAt(at)));
  },
);

pageTest("following ends with a zoom, which is said, and goes on by a button", async () => {
  const page = await rig.open(plot("last=1m&live=1"));
  await page.getByText("It follows what comes.").waitFor();
  await save([[BigInt(Date.now()) * 1_000_000n, "boiler-7", 4242.125]]);
  await page.locator(".plot-legend tbody tr", { hasText: "4242.125" }).waitFor();
  await brush(page, 0.2, 0.6);
  await page.getByText("The zoom has ended the following").waitFor();
  expect(new URL(page.url()).searchParams.get("live")).toBeNull();
  const { start, end } = rangeOf(page);
  await Bun.sleep(1500);
  expect(rangeOf(page)).toEqual({ start, end });
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await page.getByText("It follows what comes.").waitFor();
});

pageTest("the rate of a slow series is said as the time between two measurements", async () => {
  const newest = BigInt(Date.now()) * 1_000_000n - 10n * s;
  const each = Array.from({ length: 6 }, (_, i) => newest - BigInt(i) * 40n * s);
  await save(each.map((ns) => [ns, "slow", 1] as const));
  await save(each.map((ns) => [ns - 300n * s, "slow and silent", 1] as const));
  const page = await rig.open("/ui/series?q=slow");
  const row = (tag: string) =>
    page.locator(".series-row", { has: page.getByText(tag, { exact: true }) });
  await row("slow").getByText("1 every 40 s", { exact: true }).waitFor();
  await row("slow and silent").getByText("0/s", { exact: true }).waitFor();
});

pageTest("what comes is drawn from the socket, as the gateway computes it", async () => {
  const now = () => BigInt(Date.now()) * 1_000_000n;
  await save([[now() - 60n * s, "followed", 1]]);
  const lines = ["followed~0~mean", "followed~0~max", "followed~0~count"];
  const query = lines.map((line) => `s=${encodeURIComponent(line)}`).join("&");
  const page = await rig.open(`/ui/plot?${query}&last=15m&live=1&table=1&tz=utc`);
  await page.getByText("It follows what comes.").waitFor();
  await page.locator(".plot-legend tbody tr").nth(2).waitFor();
  let requests = 0;
  page.on("request", (request) => void (requests += /\/v1\/samples/.test(request.url()) ? 1 : 0));
  const feed = async (ms: number) => {
    for (const untilMs = Date.now() + ms; Date.now() < untilMs; await Bun.sleep(90)) {
      await save([[now(), "followed", Math.sin(Number(now() % 1_000_000_007n))]]);
    }
  };
  // The cell that was open when the page came is the gateway's to answer, once it is over.
  await feed(5000);
  requests = 0;
  await feed(5000);
  expect(requests).toBe(0);
  await page.locator(".cell-table .virtual-list").evaluate((list) => {
    list.scrollTop = list.scrollHeight;
  });
  const readRows = async () =>
    await page
      .locator(".cell-table .cell-row:not(.head)")
      .evaluateAll((all) =>
        all.map((row) => [...row.children].map((child) => child.textContent ?? "")),
      );
  const lastNs = now();
  let rows = await readRows();
  const [before, after] = rows.map(([time = ""]) => nsFrom(time));
  const cell = (after ?? 0n) - (before ?? 0n);
  await until("the last cell with a measurement is over, and drawn", 10_000, async () => {
    rows = await readRows();
    return nsFrom(rows.at(-1)?.[0] ?? "") > lastNs + 2n * cell;
  });
  const full = rows.filter(([, mean]) => mean !== "—");
  expect(full.length).toBeGreaterThan(4);
  for (const [time = "", ...values] of full) {
    const end = nsFrom(time);
    const answered = await Promise.all(
      ["mean", "max", "count"].map(async (agg) => {
        const range = `start=${end - cell}&end=${end}`;
        const [point] = await samples(`/v1/series/followed?${range}&agg=${agg}&points=1`);
        return String(point?.values?.[0]);
      }),
    );
    expect([time, ...values]).toEqual([time, ...answered]);
  }
  // What is late for a cell that was answered is read from the gateway.
  await save([[now() - 300n * s, "followed", 5000]]);
  await page.getByText(/followed \[0\] max is between \S+ and 5000,/).waitFor();
});

pageTest(
  "a gateway that is killed is said; the picture stays, and goes on without a gap",
  async () => {
    const page = await rig.open(plot("last=1m&live=1"), { expected });
    await page.locator(".plot-legend tbody tr").waitFor();
    await rig.kill();
    await page.getByText(/What is shown is older/).waitFor();
    expect(await page.locator(".plot-legend tbody tr").count()).toBe(1);
    await rig.restart();
    await save([[BigInt(Date.now()) * 1_000_000n, "boiler-7", 777.25]]);
    await page.locator(".plot-legend tbody tr", { hasText: "777.25" }).waitFor();
    expect(await page.getByText(/What is shown is older/).count()).toBe(0);
  },
);

pageTest("a list outlives the gateway, and says what is older", async () => {
  const page = await rig.open("/ui/series?q=boiler", { expected });
  // What was never read is read at once, however young the page is.
  await page.locator(".series-row .silence").waitFor({ timeout: 6000 });
  await rig.kill();
  await page.getByText("Rates and silences are older.").waitFor();
  expect(await page.locator(".series-row a").count()).toBe(1);
  await rig.restart();
  await page.getByText("Rates and silences are older.").waitFor({ state: "detached" });
  await save([[BigInt(Date.now()) * 1_000_000n, "boiler-9", 1]]);
  await page.locator(".series-row a", { hasText: "boiler-9" }).waitFor();
});

pageTest("an answer that is late never replaces a newer one", async () => {
  const page = await rig.open(plot(`start=${nowNs - 6n * hour}&end=${nowNs}&table=1&tz=utc`));
  await page.locator(".cell-table .cell-row:not(.head)").first().waitFor();
  let held = 0;
  await page.route(/\/v1\/samples\?tag=boiler-7&.*points=\d{3}/, async (route) => {
    if (held++ === 0) await Bun.sleep(2500);
    await route.continue().catch(() => {});
  });
  await brush(page, 0.1, 0.5);
  await Bun.sleep(300);
  expect(held).toBe(1);
  // The old picture is still there, and can be zoomed again.
  await brush(page, 0.6, 0.9);
  await until("the newer answer is shown", 5000, async () => {
    const [first] = await tableRows(page);
    return first !== undefined && first[0] > nowNs - 3n * hour;
  });
  await Bun.sleep(3000);
  const [first] = await tableRows(page);
  expect(first?.[0]).toBeGreaterThan(nowNs - 3n * hour);
});

pageTest("a plot is drawn again in another theme, and names what it does not draw", async () => {
  const many = Array.from({ length: 14 }, () => `s=${encodeURIComponent("boiler-7~0~max")}`);
  const page = await rig.open(`/ui/plot?${many.join("&")}&start=${nowNs - hour}&end=${nowNs}`);
  await page
    .getByText("The first 12 of 14 lines are drawn. Not drawn: boiler-7 0, boiler-7 0")
    .waitFor();
  await page.locator(".plot-section[aria-busy=false]").waitFor();
  const picture = () =>
    page.locator(".plot canvas").evaluate((canvas) => {
      return (canvas as HTMLCanvasElement).toDataURL();
    });
  await page.emulateMedia({ colorScheme: "light" });
  await Bun.sleep(300);
  const light = await picture();
  await page.emulateMedia({ colorScheme: "dark" });
  await until("it is dark", 5000, async () => (await picture()) !== light);
  await page.emulateMedia({ colorScheme: "light" });
  await until("it is light again", 5000, async () => (await picture()) === light);
  await page.emulateMedia({ forcedColors: "active" });
  await until("its colours are forced", 5000, async () => (await picture()) !== light);
});

pageTest("a hostile tag is text, in the list, in the plot and in its address", async () => {
  const page = await rig.open("/ui/series?q=ONERROR");
  const link = page.locator(".series-row a");
  await link.waitFor();
  expect(await link.innerText()).toContain('<img src=x onerror="alert(1)">');
  await link.click();
  await page.locator(".plot-legend tbody tr", { hasText: "onerror" }).waitFor();
  await page.locator(".plot-legend tbody td.number", { hasText: /^7$/ }).first().waitFor();
  expect(await page.locator("img[src=x]").count()).toBe(0);
  await openAgain(page);
  await page.locator(".plot-legend tbody td.number", { hasText: /^7$/ }).first().waitFor();
});

pageTest(
  "a hundred thousand series: rows at once, little memory, all of them to be found",
  async () => {
    const tag = (i: number) => `sensor-${String(i).padStart(6, "0")}`;
    await save(Array.from({ length: tagsMany }, (_, i) => [nowNs, tag(i), i] as const));
    await until("all are stored", 60_000, async () => {
      const { json } = await ask("GET", `${rig.gateway.url}/status`);
      return json.measurements.tail.measurements === 0;
    });
    const page = await rig.open("/ui/series?prefix=sensor-");
    // The best of three: the machine runs other tests.
    const shownMs: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      await openAgain(page);
      await page.locator(".series-row a").first().waitFor();
      shownMs.push(await page.evaluate(() => performance.now()));
    }
    expect(Math.min(...shownMs)).toBeLessThan(firstRowsMsMax);
    await until("all are read by scrolling", 60_000, async () => {
      await page.locator(".series-list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
      return (await page.locator(".page-head [role=status]").innerText()) === "100,000 in all";
    });
    // The last page came after the last step.
    await page.locator(".series-list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await page.locator(".series-row a", { hasText: tag(tagsMany - 1) }).waitFor();
    expect(await page.locator(".series-row:not(.head)").count()).toBeLessThan(80);
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    expect(usedSize).toBeLessThan(heapBytesMax);
    const searchedMs = performance.now();
    await page.getByLabel("Contains").fill("054321");
    await page.locator(".series-row a", { hasText: tag(54_321) }).waitFor();
    expect(performance.now() - searchedMs).toBeLessThan(2 * firstRowsMsMax);
    await page.getByLabel("Begins with").fill("nothing-begins-so");
    await page.getByText("No series that you may read has this in its tag.").waitFor();
  },
);

pageTest("series are chosen and plotted together", async () => {
  const page = await rig.open("/ui/series?sort=silent");
  // Not in the tags of the hundred thousand.
  await page.getByLabel("Contains").fill("er");
  await page.getByLabel("Choose boiler-7").check();
  await page.locator(".series-row", { hasText: "onerror" }).getByRole("checkbox").check();
  await page.getByRole("link", { name: "Plot 2 series together" }).click();
  await page.getByRole("slider", { name: "Plot of 2 lines" }).waitFor();
  const { json } = await post(`${rig.gateway.url}/v1/series-recent`, { tags: ["boiler-7"] });
  expect(json.series).toHaveLength(1);
});
