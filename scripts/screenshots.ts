// The pictures of docs/dashboard.md: `bun run screenshots [--seconds 180]`. A gateway is started with its demo
// data, each page is opened in Chromium after some minutes, and its picture replaces the one in docs/images.
// Look at them before you commit.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { launchBrowser } from "../test/support/browser.ts";
import { startGateway } from "../test/support/gateway.ts";
import { root } from "./install.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "180" } } });
const viewport = { width: 1280, height: 800 };
const drawnMs = 3000;
const folder = join(root, "docs/images");

interface Picture {
  readonly path: string;
  readonly theme?: "dark";
  /** Done before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

mkdirSync(folder, { recursive: true });
const browser = await launchBrowser();
if (browser === undefined) throw new Error('There is no Chromium: run "bun run test" once');
const gateway = await startGateway({ env: { SLUICE_DEMO: "1" } });
try {
  await ask("POST", "/v1/demo");
  await Bun.sleep(Number(values.seconds) * 1000);
  await registerAnotherVersion();
  for (const [name, picture] of Object.entries(await pictures())) {
    const colorScheme = picture.theme ?? "light";
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.goto(`${gateway.url}/ui${picture.path}`);
    await page.locator("h1").first().waitFor();
    await Bun.sleep(drawnMs);
    await picture.act?.(page);
    await page.screenshot({ path: join(folder, `dashboard-${name}.png`) });
    await context.close();
    process.stdout.write(`docs/images/dashboard-${name}.png\n`);
  }
} finally {
  await browser.close();
  await gateway.stop();
}
process.exit(0);

/** By the names of their files. */
async function pictures(): Promise<Readonly<Record<string, Picture>>> {
  const { lifecycles } = await ask<{ lifecycles: readonly { message_id: string }[] }>(
    "GET",
    "/v1/messages?app_id=demo-shop&state=overdue&missing=SENT&limit=1",
  );
  const { emitters } = await ask<{ emitters: readonly { id: string }[] }>("GET", "/log?q=demo");
  const subject = "demo-pulses-value";
  return {
    overview: { path: "" },
    topics: { path: "/topics" },
    messages: { path: "/topics/demo-pulses", act: openTheLastRecord },
    lifecycle: { path: `/messages/one?app=demo-shop&id=${lifecycles[0]?.message_id}` },
    app: { path: "/apps/one?app=demo-shop" },
    overdue: { path: "/overdue" },
    rule: { path: "/rules/demo-shipped?tab=sightings" },
    plot: { path: "/plot?s=demo-boiler-1~0~mean&s=demo-boiler-4~0~mean&last=5m", theme: "dark" },
    schema: { path: `/schemas/subject?s=${subject}&tab=diff&v=2&against=1` },
    streams: {
      path: `/streams?s=topic:demo-orders&s=emitter:${emitters[0]?.id}`,
      theme: "dark",
      act: async () => await Bun.sleep(drawnMs),
    },
  };
}

async function openTheLastRecord(page: Page): Promise<void> {
  await page.mouse.click(viewport.width - 100, viewport.height - 60);
  await Bun.sleep(drawnMs);
}

async function registerAnotherVersion(): Promise<void> {
  const schema =
    'syntax = "proto3"; package demo.v1; message Pulse { string wearer = 1; int64 beats = 2; int32 bpm = 3; string device = 4; }';
  const body = { schemaType: "PROTOBUF", schema };
  await ask("POST", "/subjects/demo-pulses-value/versions", body);
}

async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as Answer;
}
