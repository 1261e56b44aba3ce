/** The tables of docs/metrics.md have the families of `/metrics`, no more and no fewer. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway } from "../support/gateway.ts";
import { until } from "../support/until.ts";
import { root } from "./run.ts";

interface Family {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

test("docs/metrics.md lists every family of /metrics, as it is", async () => {
  const gateway = await startGateway();
  try {
    // Answers are counted by the next one, and projections are owned a moment after the start.
    const shown = await until("every family has samples", 20_000, async () => {
      const response = await fetch(`${gateway.url}/metrics`);
      expect(response.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
      const families = familiesOf(await response.text());
      return families.every(({ samples }) => samples > 0) && families.map(({ family }) => family);
    });
    const listed = listedFamilies();
    expect(byName(shown)).toEqual(listed);
  } finally {
    await gateway.stop();
  }
}, 60_000);

function listedFamilies(): readonly Family[] {
  const page = readFileSync(join(root, "docs/metrics.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$/gm)];
  return byName(
    rows.map(([, name = "", type = "", labels = "", help = ""]) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label).toSorted(),
      help,
    })),
  );
}

function familiesOf(text: string): readonly { family: Family; samples: number }[] {
  const families = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n((?:\w.*\n)*)/gm)];
  return families.map(([, name = "", help = "", type = "", samples = ""]) => {
    const labels = [...samples.matchAll(/[{,](\w+)="/g)].map(([, label = ""]) => label);
    const own = new Set(labels.filter((label) => type !== "histogram" || label !== "le"));
    const family = { name, type, labels: [...own].toSorted(), help };
    return { family, samples: samples.length };
  });
}

function byName(families: readonly Family[]): readonly Family[] {
  return families.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
