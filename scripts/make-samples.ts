// Writes `data-samples/`: three files of samples on their way through a laboratory, each id from its
// arrival over an assay to a result, some of them lost on the way. The same seed makes the same rows.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import writeXlsxFile from "write-excel-file/node";
import { createRandom, type Random } from "../src/cli/simulate/random.ts";
import { root } from "./install.ts";

const ids = 2400;
const startMs = Date.UTC(2026, 0, 12, 8);
/** Between two arrivals, on average: two minutes for all. */
const everyMs = 50;

type Value = string | number | boolean | Date | null;
interface SampleRow {
  readonly atMs: number;
  readonly values: readonly Value[];
}

const random = createRandom(3);
const samples: SampleRow[] = [];
const assays: SampleRow[] = [];
const results: SampleRow[] = [];
let complete = 0;

let arrivedMs = startMs;
for (let n = 1; n <= ids; n++) {
  arrivedMs += random.exponential(everyMs);
  const id = `GX-${String(n).padStart(5, "0")}`;
  // Some are put on a plate before their papers are typed in.
  const registeredMs = arrivedMs + (random.chance(0.12) ? random.between(1000, 9000) : 0);
  const assayedMs = arrivedMs + 200 + random.exponential(1800);
  const readMs = assayedMs + 300 + random.exponential(1200);
  const isRegistered = !random.chance(0.01);
  const isAssayed = !random.chance(0.025);
  const hasResult = isAssayed && !random.chance(0.03);
  if (isRegistered) samples.push(sample(id, registeredMs, random));
  if (isAssayed) assays.push(assay(id, assayedMs, n, random));
  if (hasResult) results.push(result(id, readMs, random));
  if (isRegistered && hasResult) complete++;
}

await writeXlsx("sim_file1.xlsx", "arrivals", samples, [
  ...["message_id", "created_at", "site", "donor_age", "volume_ml", "consented"],
]);
await writeXlsx("sim_file2.xlsx", "assays", assays, [
  ...["message_id", "created_at", "plate", "well", "cells", "viability", "incubated_until"],
]);
await writeCsv("sim_file3.csv", results, [
  ...["message_id", "created_at", "drug", "response", "p_value", "passed", "note"],
]);
process.stdout.write(
  `${samples.length} arrivals, ${assays.length} assays, ${results.length} results; ` +
    `${complete} of ${ids} ids are in all three\n`,
);

function sample(id: string, atMs: number, random: Random): SampleRow {
  const sites = ["Haifa", "Leipzig", "Porto", "Tartu"];
  const age = Math.round(18 + random.between(0, 67));
  const values = [
    pick(random, sites),
    // Not every donor states it.
    random.chance(0.04) ? null : age,
    rounded(3.2 + random.normal() * 0.6, 2),
    !random.chance(0.03),
  ];
  return row(id, atMs, values);
}

function assay(id: string, atMs: number, n: number, random: Random): SampleRow {
  const viability = Math.min(1, 0.9 + random.normal() * 0.05);
  const place = n % 96;
  return row(id, atMs, [
    `P${String(Math.floor(n / 96) + 1).padStart(3, "0")}`,
    `${"ABCDEFGH"[Math.floor(place / 12)]}${(place % 12) + 1}`,
    Math.round(1_200_000 + random.normal() * 150_000),
    rounded(viability, 4),
    new Date(roundedMs(atMs + 24 * 60 * 60 * 1000)),
  ]);
}

function result(id: string, atMs: number, random: Random): SampleRow {
  const drugs = ["escitalopram", "sertraline", "venlafaxine", "bupropion"];
  const notes = ["repeat, few cells", 'read twice ("A", "B")', "plate edge\nchecked by hand"];
  const p = Math.min(1, random.exponential(0.08));
  return row(id, atMs, [
    pick(random, drugs),
    rounded(50 + random.normal() * 18, 3),
    Number(p.toPrecision(4)),
    p < 0.05,
    random.chance(0.02) ? pick(random, notes) : null,
  ]);
}

function row(id: string, atMs: number, values: readonly Value[]): SampleRow {
  return { atMs, values: [id, new Date(roundedMs(atMs)), ...values] };
}

function roundedMs(ms: number): number {
  return Math.round(ms);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function pick(random: Random, texts: readonly string[]): string {
  return texts[Math.floor(random.between(0, texts.length))] ?? "";
}

/** By their times, as a program that writes a file as it goes would have them. */
function inOrder(rows: readonly SampleRow[]): (readonly Value[])[] {
  return rows.toSorted((a, b) => a.atMs - b.atMs).map(({ values }) => values);
}

async function writeXlsx(
  file: string,
  sheet: string,
  rows: readonly SampleRow[],
  header: readonly string[],
): Promise<void> {
  const cells = inOrder(rows).map((values) => values.map(cellFrom));
  const data = [header.map((value) => ({ value, fontWeight: "bold" as const })), ...cells];
  await writeXlsxFile(data, { sheet, columns: header.map(() => ({ width: 18 })) }).toFile(
    join(root, "data-samples", file),
  );
}

function cellFrom(value: Value) {
  return value instanceof Date ? { value, format: "yyyy-mm-dd hh:mm:ss.000" } : value;
}

async function writeCsv(
  file: string,
  rows: readonly SampleRow[],
  header: readonly string[],
): Promise<void> {
  const lines = [header, ...inOrder(rows)].map((values) => values.map(csvFrom).join(","));
  await writeFile(join(root, "data-samples", file), `${lines.join("\n")}\n`);
}

function csvFrom(value: Value): string {
  if (value === null) return "";
  if (value instanceof Date) return value.toISOString();
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
