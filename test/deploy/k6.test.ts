/** The scripts of `k6/`: `bun run k6` runs them. Here: each can be read, and imports what there is. */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const folder = join(import.meta.dir, "../../k6");
const scripts = [...new Glob("*.js").scanSync(folder)].toSorted();

describe("scripts of k6", () => {
  test("are the documented ones", async () => {
    const readme = await Bun.file(join(folder, "README.md")).text();
    const documented = [...readme.matchAll(/^\| `(\w+\.js)` \|/gm)].map(([, name]) => name ?? "");
    expect(documented.toSorted()).toEqual(scripts);
  });

  for (const script of scripts) {
    test(`${script} imports what there is, and has thresholds`, async () => {
      const built = await Bun.build({
        entrypoints: [join(folder, script)],
        external: ["k6", "k6/*"],
      });
      expect(built.success).toBe(true);
      expect(await built.outputs[0]?.text()).toContain("thresholds");
    });
  }
});
