/** docs/cli.md describes what the commands declare. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cliPage, withCommands } from "../../scripts/cli-docs.ts";

test("docs/cli.md is written from the declarations: bun run docs", () => {
  const page = readFileSync(cliPage, "utf8");
  expect(page).toBe(withCommands(page));
});
