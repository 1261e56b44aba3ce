// Spreadsheets sent through a gateway on its embedded PostgreSQL: rows in typed tables, one ack for each
// id that is in all topics, the figures, and errors for damaged or invalid files.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { openCsv } from "../../../src/cli/files/csv.ts";
import { openXlsx } from "../../../src/cli/files/xlsx.ts";
import { readPidFile } from "../../../src/postgres/embedded/pidfile.ts";
import { eventually } from "../../support/eventually.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { workbookBytes } from "../../support/xlsx.ts";
import {
  knownSamples as known,
  recordsOf,
  samples,
  sampleTopics as topics,
  sluice,
} from "./files.ts";

const readings = {
  relation: "readings",
  key: ["message_id"],
  columns: { message_id: "text", n: "integer", at: { type: "timestamptz", from: "created_at" } },
};
const ranks = { relation: "ranks", key: ["n"], columns: { n: "numeric", v: "text" } };

let folder: string;
let gateway: GatewayProcess;
let sql: Sql;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-files-"));
  const mapping: unknown = JSON.parse(await readFile(join(samples, "relations.json"), "utf8"));
  const relations = join(folder, "relations.json");
  await writeFile(relations, JSON.stringify({ ...(mapping as object), readings, ranks }));
  gateway = await startGateway({
    env: { SLUICE_RELATIONS: relations, SLUICE_RECORD_BYTES_MAX: "2000" },
  });
  sql = await sqlOf(gateway);
}, 90_000);
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await gateway.stop();
  await rm(folder, { recursive: true });
}, 30_000);

async function sqlOf({ dataDir }: GatewayProcess): Promise<Sql> {
  const server = await readPidFile(join(dataDir, "postgres"));
  const password = (await readFile(join(dataDir, "postgres.password"), "utf8")).trim();
  return postgres({
    host: "127.0.0.1",
    port: server?.port ?? 0,
    username: "sluice",
    password,
    database: "postgres",
    max: 1,
  });
}

/** The ids that all three files have, computed without the code under test. */
async function completeIds(): Promise<Set<string>> {
  const found = await Promise.all([
    openXlsx(join(samples, "sim_file1.xlsx")),
    openXlsx(join(samples, "sim_file2.xlsx")),
    openCsv(join(samples, "sim_file3.csv"), "utf-8"),
  ]);
  const ids = await Promise.all(
    found.map(async ({ rows }) => {
      const all = new Set<string>();
      for await (const { cells } of rows) all.add(String(JSON.parse(cells[0]?.json ?? "")));
      all.delete("message_id");
      return all;
    }),
  );
  const [first = new Set<string>(), ...others] = ids;
  return others.reduce((both, one) => both.intersection(one), first);
}

describe("the samples", () => {
  const out = () => join(folder, "figures");

  test("are stored in their topics, and from there as typed rows in their tables", async () => {
    const rule = { topics, output: "ack" };
    const put = await ask("PUT", `${gateway.url}/v1/ack-rules/genetika`, {
      body: JSON.stringify(rule),
    });
    expect([put.status, put.text]).toEqual([201, put.text]);
    const { code, output } = await sluice(
      ...["simulate", "files", "--dir", samples, "--topics", topics.join(",")],
      ...["--speed", "40", "--url", gateway.url],
    ).end();
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^\s*sim_file1\.xlsx → topic1: 2371 rows\nsim_file2\.xlsx → topic2: 2342 rows\nsim_file3\.csv → topic3: 2281 rows\n6994 rows sent in \d+\.\d s\n$/,
      ),
    });
    await eventually(async () => {
      const [count] = await sql`
        select (select count(*)::int from relations.samples) as samples,
          (select count(*)::int from relations.assays) as assays,
          (select count(*)::int from relations.results) as results`;
      const { complete: _, ...rows } = known;
      expect(count).toEqual(rows);
    }, 15_000);
    const [odd] = await sql`
      select count(*) filter (where donor_age is null)::int as ageless,
        bool_and(created_at between '2026-01-12 08:00Z' and '2026-01-12 08:05Z') as in_time,
        min(pg_typeof(volume_ml)::text) as type, bool_or(not consented) as some_not
      from relations.samples`;
    expect(odd).toMatchObject({ in_time: true, type: "double precision", some_not: true });
    expect(odd?.["ageless"]).toBeGreaterThan(50);
    const [note] = await sql`select note from relations.results where note like 'plate%' limit 1`;
    expect(note?.["note"]).toBe("plate edge\nchecked by hand");
    const { json } = await ask("GET", `${gateway.url}/v1/relations`);
    expect(json.relations[0]).toMatchObject({ relation: "samples", taken: 2371, refused: 0 });
  }, 60_000);

  test("get one ack for each id that is in all three", async () => {
    const expected = await completeIds();
    expect(expected.size).toBe(known.complete);
    await eventually(async () => {
      const acks = await recordsOf(gateway.url, "ack");
      expect(acks.length).toBe(known.complete);
    }, 15_000);
    const ids = (await recordsOf(gateway.url, "ack")).map(({ data }) => data["message_id"]);
    expect(new Set(ids)).toEqual(new Set<unknown>(expected));
  }, 30_000);

  test("are drawn as two figures, SVG and PNG, with all data as CSV", async () => {
    const { code, output } = await sluice(
      ...["analyse", "acks", "--rule", "genetika", "--out", out(), "--url", gateway.url],
    ).end();
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/2399 ids, 2254 acknowledged, 145 not\ndelay p50 \S+ ms/);
    expect(output).toMatch(/never complete:\n {2}GX-\d{5}: not in topic/);
    for (const figure of ["times", "delays"]) {
      const svg = await readFile(join(out(), `genetika-${figure}.svg`), "utf8");
      expect(svg).toStartWith("<svg xmlns=");
      expect(svg.match(/M[\d.]+ [\d.]+h0/g)?.length).toBeGreaterThanOrEqual(known.complete);
      const png = await readFile(join(out(), `genetika-${figure}.png`));
      expect(png.subarray(1, 4).toString()).toBe("PNG");
    }
    const csv = (await readFile(join(out(), "genetika-acks.csv"), "utf8")).trim().split("\n");
    expect(csv[0]).toBe("message_id,topic1,topic2,topic3,ack,delay_ms,missing");
    expect(csv).toHaveLength(1 + 2399);
    const acked = csv.slice(1).filter((line) => line.endsWith(","));
    expect(acked).toHaveLength(known.complete);
    for (const line of acked) {
      const [, one = "", two = "", three = "", ack = ""] = line.split(",");
      expect(Date.parse(ack)).toBeGreaterThanOrEqual(
        Math.max(...[one, two, three].map((time) => Date.parse(time))),
      );
    }
  }, 60_000);

  test("a missing rule, or one over events, is reported", async () => {
    const none = await sluice("analyse", "acks", "--rule", "none", "--url", gateway.url).end();
    expect(none.code).toBe(1);
    expect(none.errors).toContain('"none"');
    const body = JSON.stringify({ events: ["A", "B"], output: "acks-of-events" });
    await ask("PUT", `${gateway.url}/v1/ack-rules/of-events`, { body });
    const events = await sluice(
      "analyse",
      "acks",
      "--rule",
      "of-events",
      "--url",
      gateway.url,
    ).end();
    expect(events.errors).toContain("it is over lifecycle events, expected one over topics");
  }, 30_000);
});

test("bad cells, refused rows and a damaged file are reported with their places, and the rest is loaded", async () => {
  const dir = join(folder, "bad");
  await mkdir(dir);
  await writeFile(
    join(dir, "readings.csv"),
    "message_id,created_at,n\na,2026-01-31,1\nb,yesterday,2\nc,2026-01-31,many\n,2026-01-31,4\ne,2026-01-31,5\n",
  );
  const long = "x".repeat(3000);
  await writeFile(join(dir, "large.csv"), `message_id,note\nl1,short\nl2,${long}\nl3,short\n`);
  await writeFile(join(dir, "larger.csv"), `message_id,note\nl4,${long}\n`);
  const row = (n: number, cells: string) => `<row r="${n}">${cells}</row>`;
  const text = (words: string) => `<c t="inlineStr"><is><t>${words}</t></is></c>`;
  const rows =
    row(1, text("message_id") + text("value")) +
    row(2, text("x1") + "<c><v>1</v></c>") +
    row(3, `${text("x2")}<c t="e"><v>#DIV/0!</v></c>`) +
    row(4, text("x3") + "<c><f>1+2</f><v>3</v></c>");
  const bytes = await workbookBytes({ rows, sheets: ["March", "April"] });
  await writeFile(join(dir, "values.xlsx"), bytes);
  await writeFile(join(dir, "torn.xlsx"), bytes.subarray(0, bytes.length / 2));

  const { code, output } = await sluice(
    ...["simulate", "files", "--dir", dir, "--rate", "1000", "--url", gateway.url],
  ).end();
  const expected = [
    'readings.csv, row 3, column B "created_at": Cannot take "yesterday" as timestamptz',
    'readings.csv, row 4, column C "n": Cannot take "many" as integer for column "n"',
    'readings.csv, row 5, column A "message_id": it is empty, expected an id: the row is not sent',
    'values.xlsx, sheet "March", row 3, column B "value": it contains the error #DIV/0!',
    "torn.xlsx: Cannot read it as .xlsx: it is not a ZIP archive",
    'values.xlsx: sheet "March" is read, "April" not',
    "large.csv, row 3: Cannot take a record of",
    "large.csv → large: 2 rows, 1 row not sent",
    "larger.csv → larger: 0 rows, 1 row not sent",
    "readings.csv → readings: 4 rows, 1 row not sent, 3 bad cells",
    "torn.xlsx → torn: 0 rows, not read to its end",
    "values.xlsx → values: 3 rows, 1 bad cell",
  ];
  for (const line of expected) expect(output).toContain(line);
  expect(code).toBe(1);

  expect((await recordsOf(gateway.url, "values")).map(({ data }) => data)).toEqual([
    { message_id: "x1", value: 1 },
    { message_id: "x2", value: null },
    { message_id: "x3", value: 3 },
  ]);
  await eventually(async () => {
    const rows = await sql`select message_id, n from relations.readings order by message_id`;
    expect([...rows]).toEqual([
      { message_id: "a", n: 1 },
      { message_id: "e", n: 5 },
    ]);
    const { json } = await ask("GET", `${gateway.url}/v1/relations/readings/refusals`);
    expect(json.refusals.map(({ field, given }: Record<string, string>) => [field, given])).toEqual(
      [
        ["/n", '"many"'],
        ["/created_at", '"yesterday"'],
      ],
    );
  });
}, 30_000);

test("of records with one key, spelled differently, the last one sent is the row", async () => {
  const body = '{"n":7,"v":"first"}\n{"n":7.0,"v":"second"}\n{"n":7,"v":"third"}\n';
  const headers = { "content-type": "application/x-ndjson" };
  await ask("POST", `${gateway.url}/v1/topics/ranks/records`, { body, headers });
  await eventually(async () => {
    const rows = await sql`select n, v from relations.ranks`;
    expect([...rows]).toEqual([{ n: "7", v: "third" }]);
  });
}, 30_000);

test("an interrupt ends it with a summary of what the gateway stored", async () => {
  const dir = join(folder, "long");
  await mkdir(dir);
  const rows = Array.from({ length: 5000 }, (_, i) => `id-${i}`);
  await writeFile(join(dir, "long.csv"), `message_id\n${rows.join("\n")}\n`);
  const run = sluice(...["simulate", "files", "--dir", dir, "--rate", "200", "--url", gateway.url]);
  await until("some rows are there", 10_000, async () => {
    const { json } = await ask("GET", `${gateway.url}/v1/topics/long/records?limit=50`);
    return json?.events?.length === 50;
  });
  run.stop();
  const { code, output } = await run.end();
  // Interrupted before the end of the file.
  expect(code).toBe(130);
  const sent = Number(/Stopped\.\nlong\.csv → long: (\d+) rows/.exec(output)?.[1]);
  expect(sent).toBeGreaterThan(49);
  expect(sent).toBeLessThan(5000);
  expect(await recordsOf(gateway.url, "long")).toHaveLength(sent);
}, 30_000);

test("wrong arguments are reported with the usage", async () => {
  const empty = join(folder, "empty");
  await mkdir(empty);
  const cases = [
    [["simulate", "files"], "--dir is missing"],
    [["simulate", "files", "--dir", empty], "it has no .xlsx and no .csv files"],
    [["simulate", "files", "--dir", join(folder, "none")], "there is no such folder"],
    [["simulate", "files", "--dir", samples, "--topics", "a"], "Cannot send 3 files"],
    [["simulate", "files", "--dir", samples, "--rate", "1", "--speed", "1"], "together"],
    [["analyse", "tea"], "Cannot run sluice analyse tea: there is no such command"],
    [["analyse", "acks"], "--rule is missing"],
  ] as const;
  const ended = await Promise.all(cases.map(([args]) => sluice(...args).end()));
  for (const [index, [args, words]] of cases.entries()) {
    const { code, errors } = ended[index] ?? {};
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining(words) });
    expect(errors).toContain(`sluice ${args[0]}`);
  }
}, 30_000);

test("an invalid mapping stops the start, and all of its errors are reported", async () => {
  const broken = join(folder, "broken.yaml");
  await writeFile(broken, "topic1: { relation: Orders, key: [x], columns: { x: varchar } }\n");
  const started = await startGateway({ env: { SLUICE_RELATIONS: broken } }).catch(String);
  expect(started).toContain("topic1.relation: expected 1 to 63 of a-z");
  expect(started).toContain("topic1.columns.x.type: expected one of text");
}, 30_000);
