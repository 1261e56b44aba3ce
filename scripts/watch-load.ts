// What a browser spends on a page that is left open under load:
// `bun run watch-load [--seconds 600] [--rate 1000] [--together] [addresses…]`.
//
// Each page is open for that long while events come in, and the browser is asked over its protocol for
// the memory of the page and for the share of time in which its main thread was busy. The pages are opened
// one after the other, or all together, which takes less time but more of the machine. It ends with 1 if
// a page is past a bound: a second until it is first drawn, 150 MB of heap, half of the main thread.

import { parseArgs } from "node:util";
import { launchBrowser } from "../test/support/browser.ts";
import { fillGateway } from "../test/support/dashboard.ts";
import { startGateway } from "../test/support/gateway.ts";

const heapMegaMax = 150;
const busyMax = 0.5;
const paintMsMax = 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "600" },
    rate: { type: "string", default: "1000" },
    together: { type: "boolean", default: false },
  },
});
const addresses = positionals.length > 0 ? positionals : ["/topics/orders?live=1"];
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const sendMs = 50;

const browser = await launchBrowser();
if (browser === undefined) throw new Error('There is no Chromium: run "bun run test" once');
const gateway = await startGateway();
await fillGateway(gateway);

let isSending = true;
let sent = 0;
const sending = send();
let passed = 0;
try {
  const measured: boolean[] = [];
  if (values.together) measured.push(...(await Promise.all(addresses.map(isWithinBounds))));
  else for (const address of addresses) measured.push(await isWithinBounds(address));
  passed = measured.filter(Boolean).length;
} finally {
  isSending = false;
  await sending;
  await browser.close();
  await gateway.stop();
}
process.stdout.write(`${passed} passed, ${addresses.length - passed} failed\n`);
process.exit(passed === addresses.length ? 0 : 1);

/** The rate to the topic, and a tenth of it each to the emitter, the app and the series of the pages. */
async function send(): Promise<void> {
  const { url } = gateway;
  const post = async (path: string, body: string) => {
    const response = await fetch(url + path, {
      method: "POST",
      body,
      headers: { "content-type": "application/x-ndjson" },
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    await response.body?.cancel();
  };
  const lines = (count: number, line: (n: number) => unknown) =>
    Array.from({ length: count }, (_, at) => JSON.stringify(line(sent + at))).join("\n");
  const startedMs = performance.now();
  while (isSending) {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * rate) - sent;
    const few = Math.floor(due / 10);
    const nowMs = Date.now();
    await Promise.all([
      due > 0 &&
        post(
          "/v1/topics/orders/records?key=customer-1",
          lines(due, (order) => ({ order, total: "12.50", note: "as everybody writes them" })),
        ),
      few > 0 &&
        post(
          "/log/web-1",
          lines(few, (n) => ({ level: "INFO", message: `line ${n}` })),
        ),
      few > 0 &&
        post(
          "/save",
          lines(few, (n) => ({
            time: `${nowMs}${String(n % 1_000_000).padStart(6, "0")}`,
            tag: "boiler-7",
            values: [n % 40, 2],
          })),
        ),
    ]);
    sent += Math.max(0, due);
    await Bun.sleep(sendMs);
  }
}

async function isWithinBounds(address: string): Promise<boolean> {
  if (browser === undefined) return false;
  const context = await browser.newContext();
  const page = await context.newPage();
  // The second time, the gateway has bundled its scripts.
  for (let visit = 0; visit < 2; visit++) {
    await page.goto(`${gateway.url}/ui${address}`);
    await page.locator("h1").first().waitFor();
  }
  const paintMs = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
  );
  const protocol = await context.newCDPSession(page);
  await protocol.send("Performance.enable");
  const metrics = async () => {
    const { metrics } = await protocol.send("Performance.getMetrics");
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await metrics();
  const sentBefore = sent;
  const startedMs = performance.now();
  await Bun.sleep(seconds * 1000);
  const after = await metrics();
  const elapsed = (performance.now() - startedMs) / 1000;
  const busy = ((after.get("TaskDuration") ?? 0) - (before.get("TaskDuration") ?? 0)) / elapsed;
  const heap = (after.get("JSHeapUsedSize") ?? 0) / 1_000_000;
  const perSecond = (sent - sentBefore) / elapsed;
  await context.close();
  const isGood = heap < heapMegaMax && busy < busyMax && paintMs < paintMsMax;
  process.stdout.write(
    `${isGood ? "ok  " : "FAIL"} ${address}: ${elapsed.toFixed(0)} s at ${perSecond.toFixed(0)} events/s, first paint after ${paintMs.toFixed(0)} ms, heap ${heap.toFixed(0)} MB, main thread ${(busy * 100).toFixed(0)} % busy\n`,
  );
  return isGood;
}
