// The fuzzing frame itself: it finds what it should find, and says how to repeat it.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../support/tools.ts";
import { requireLinear } from "./linear.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const frame = join(import.meta.dir, "fuzz.ts");

/** Runs a test file whose only property has this body. */
async function runProperty(body: string, env: Record<string, string> = {}) {
  const path = join(folder, "property.test.ts");
  writeFileSync(
    path,
    `import { fuzz } from ${JSON.stringify(frame)};
     fuzz("property", { cases: 1000, caseMsMax: 1000 }, (random) => { ${body} });`,
  );
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return await runTool(["env", ...settings, process.execPath, "test", path]);
}

test("a case that fails prints its seed, and the seed alone repeats it", async () => {
  const body = 'if (random.int(200) === 7) throw new Error(`unlucky ${random.text("ab", 20)}`);';
  const all = await runProperty(body);
  expect(all.code).toBe(1);
  const seed = /property: SLUICE_TEST_FUZZ_SEED=(\d+) SLUICE_TEST_FUZZ_CASES=1 fails/.exec(
    all.errors,
  )?.[1];
  const thrown = /unlucky [ab]*/.exec(all.errors)?.[0] ?? "nothing";
  const one = await runProperty(body, {
    SLUICE_TEST_FUZZ_SEED: seed ?? "",
    SLUICE_TEST_FUZZ_CASES: "1",
  });
  expect(one.code).toBe(1);
  expect(one.errors).toContain(thrown);
  expect((await runProperty("random.bytes(9);")).code).toBe(0);
}, 30_000);

test("a case that never ends prints its seed and ends the run", async () => {
  const { code, errors } = await runProperty("if (random.int(50) === 7) for (;;) {}");
  expect(code).not.toBe(0);
  expect(errors).toMatch(/SLUICE_TEST_FUZZ_SEED=\d+ SLUICE_TEST_FUZZ_CASES=1 does not end/);
}, 30_000);

test("quadratic work is refused, linear work is not", async () => {
  const inputOf = (size: number) => "x".repeat(size);
  const linear = (text: string) => {
    for (let round = 0; round < 100; round++) if (text.indexOf(`${round}`) >= 0) return;
  };
  await requireLinear({ name: "a search", inputOf, run: linear });
  const quadratic = (text: string) => {
    for (let at = 0; at < text.length; at++) if (text.indexOf("y", at) >= 0) return;
  };
  const refused = requireLinear({ name: "a search from each place", inputOf, run: quadratic });
  expect(String(await refused.catch((error: unknown) => error))).toContain("expected at most 9");
}, 30_000);
