/** The documentation is true: every example in it runs against a real gateway, as it is written. */

import { afterAll, expect, test } from "bun:test";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launchBrowser } from "../support/browser.ts";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { type Example, extractExamples, type Language } from "./examples.ts";
import { type PageServer, runPage, startPageServer } from "./page.ts";
import {
  type Addresses,
  defaultAddresses,
  python,
  root,
  run,
  runExample,
  scripts,
  withAddresses,
  writeScript,
} from "./run.ts";

rmSync(scripts, { recursive: true, force: true });
mkdirSync(scripts, { recursive: true });

const files = ["README.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()];
const read = files.map((file) => ({
  file,
  ...extractExamples(file, readFileSync(join(root, file), "utf8")),
}));

const browser = await launchBrowser();
let pages: PageServer | undefined;
afterAll(async () => {
  pages?.stop();
  await browser?.close();
});

test("every block says whether it is run", () => {
  expect(read.flatMap(({ problems }) => problems)).toEqual([]);
  expect(read.flatMap(({ examples }) => examples).length).toBeGreaterThan(10);
});

test("the TypeScript is typed", async () => {
  for (const { examples } of read) {
    for (const example of examples) {
      if (example.language === "ts") writeScript(example, defaultAddresses);
    }
  }
  writeFileSync(
    join(scripts, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"], exclude: [] }),
  );
  const { code, output } = await run([
    process.execPath,
    join(root, "node_modules/.bin/tsc"),
    "--noEmit",
    "--pretty",
    "false",
    "-p",
    scripts,
  ]);
  expect({ code, output }).toEqual({ code: 0, output: "" });
}, 120_000);

for (const { file, examples, settings } of read.filter(({ examples }) => examples.length > 0)) {
  let gateway: Promise<GatewayProcess> | undefined;
  afterAll(async () => {
    if (gateway !== undefined) await (await gateway).stop();
  });

  const runnable = examples.filter((example) => whyNot(example.language) === undefined);
  const reasons = new Set(examples.flatMap(({ language }) => whyNot(language) ?? []));
  const note = reasons.size === 0 ? "" : ` (some skipped: ${[...reasons].join("; ")})`;

  test(
    `${file}: its examples run${note}`,
    async () => {
      if (process.env["CI"] === "true") expect([...reasons]).toEqual([]);
      // One gateway a file, whose examples follow one another.
      pages ??= await startPageServer();
      const addresses = { ...defaultAddresses, pages: pages.host };
      const env = Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [name, withAddresses(value, addresses)]),
      );
      gateway = startGateway({ env });
      const { url, grpcUrl } = await gateway;
      const real = { ...addresses, http: new URL(url).host, grpc: new URL(grpcUrl).host };
      for (const example of runnable) {
        const failed = await runAny(example, real);
        if (failed !== undefined) throw new Error(`${example.place}: ${failed}\n\n${example.code}`);
      }
    },
    60_000 + examples.length * 5000,
  );
}

/** Why examples of the language cannot run here, or undefined. */
function whyNot(language: Language): string | undefined {
  if (language === "py" && python === undefined) return "set SLUICE_TEST_PYTHON_CONSUMER";
  return language === "html" && browser === undefined ? "needs Chromium" : undefined;
}

async function runAny(example: Example, addresses: Addresses): Promise<string | undefined> {
  if (example.language !== "html") return await runExample(example, addresses);
  if (browser === undefined || pages === undefined) return "there is no browser";
  return await runPage(example, addresses, browser, pages);
}
