import type { Change, Verdict } from "./change.ts";
import { fieldChanges } from "./fields.ts";
import { importChanges } from "./imports.ts";
import { oneofChanges } from "./oneofs.ts";
import { typeChanges } from "./types.ts";

/** All changes, in the order of the document. */
export const changes: readonly Change[] = [
  ...fieldChanges,
  ...typeChanges,
  ...oneofChanges,
  ...importChanges,
];

export function verdictOfSluice(change: Change): Verdict {
  return change.sluice?.verdict ?? change.confluent;
}

/** The table of docs/compatibility.md, as Markdown. */
export function renderTable(): string {
  const rows = changes.map((row) => {
    const cells = [row.change, ...marks(row.confluent), ...marks(verdictOfSluice(row))];
    return `| ${[...cells, row.sluice?.why ?? ""].join(" | ")} |`;
  });
  return [
    "| change | Confluent: backward | forward | full | Sluice: backward | forward | full | why |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function marks(verdict: Verdict): string[] {
  const backward = verdict === "both" || verdict === "backward";
  const forward = verdict === "both" || verdict === "forward";
  return [backward, forward, backward && forward].map((fits) => (fits ? "yes" : "**no**"));
}
