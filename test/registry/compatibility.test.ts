// The table of changes: verdicts, and the document that shows them.

import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkCompatibility } from "../../src/features/registry/compatibility/compatibility.ts";
import type { Verdict } from "./changes/change.ts";
import { compileChanges, type CompiledChange } from "./changes/compile.ts";
import { changes, renderTable, verdictOfSluice } from "./changes/table.ts";

let compiled: CompiledChange[] = [];
beforeAll(async () => {
  compiled = await compileChanges(changes);
});

test("there are at least 60 changes, each named once", () => {
  expect(changes.length).toBeGreaterThanOrEqual(60);
  expect(new Set(changes.map(({ change }) => change)).size).toBe(changes.length);
});

describe("the verdict on", () => {
  test.each(changes.map((change, row) => [change.change, row, verdictOfSluice(change)] as const))(
    "%s",
    (_change, row, expected) => {
      const { before, after } = compiled[row] ?? raise(row);
      const backward = checkCompatibility(after, [before], "BACKWARD");
      const forward = checkCompatibility(after, [before], "FORWARD");
      const verdict = verdictOf(backward.length === 0, forward.length === 0);
      expect({ verdict, found: [...backward, ...forward] }).toMatchObject({ verdict: expected });
      const full = checkCompatibility(after, [before], "FULL");
      expect(full).toEqual([...backward, ...forward]);
      expect(checkCompatibility(after, [before], "NONE")).toEqual([]);
    },
  );
});

test("each difference from Confluent has its reason", () => {
  for (const { change, confluent, sluice } of changes) {
    if (sluice === undefined) continue;
    expect([change, sluice.verdict]).not.toEqual([change, confluent]);
    expect(sluice.why.length).toBeGreaterThan(10);
  }
});

test("docs/compatibility.md shows the table", () => {
  const text = readFileSync(join(import.meta.dir, "../../docs/compatibility.md"), "utf8");
  expect(text).toContain(renderTable());
});

function verdictOf(backward: boolean, forward: boolean): Verdict {
  if (backward) return forward ? "both" : "backward";
  return forward ? "forward" : "neither";
}

function raise(row: number): never {
  throw new Error(`row ${row} is not compiled`);
}
