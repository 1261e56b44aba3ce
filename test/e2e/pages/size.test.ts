// The dashboard's scripts in bytes, as a browser loads them. The bounds are those of a page that is
// there within a second on a slow line.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { gzipSync } from "bun";
import { bundleForBrowsers } from "../../../src/runtime/bun.ts";

const allBytesMax = 150 * 1024;
const firstBytesMax = 50 * 1024;
const main = join(import.meta.dir, "../../../src/ui/dashboard/main.tsx");

const modules = await bundleForBrowsers(main, "dashboard");
const sizes = new Map(
  [...modules.files].map(([name, bytes]) => [name, gzipSync(bytes, { level: 9 }).byteLength]),
);

test("all modules of the dashboard together", () => {
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(all).toBeGreaterThan(10_000);
  expect(all).toBeLessThan(allBytesMax);
});

test("what the first page loads before its module", () => {
  const loaded = new Set<string>();
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const text = new TextDecoder().decode(modules.files.get(name));
    // Static imports; the dynamic ones are calls.
    for (const [, imported = ""] of text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) load(imported);
  };
  load(modules.entry);
  expect(modules.files.size).toBeGreaterThan(loaded.size);
  const first = [...loaded].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  expect(first).toBeLessThan(firstBytesMax);
});
