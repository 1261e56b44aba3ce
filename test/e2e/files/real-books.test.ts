// Spreadsheets that pandas, openpyxl, xlsxwriter and Python's csv write, sent through a gateway: each row
// is the record that it was meant to be.

import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { pythonClients } from "../../support/python-clients.ts";
import { runTool, toolTest } from "../../support/tools.ts";
import { recordsOf, sluice } from "./files.ts";

const program = join(import.meta.dir, "make-books.py");

let folder: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-books-"));
  gateway = await startGateway();
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
}, 30_000);

toolTest(
  pythonClients,
  "files of pandas, openpyxl, xlsxwriter and csv become the records that they were made from",
  async (python) => {
    const seed = process.env["SLUICE_TEST_FUZZ_SEED"] ?? "1";
    const made = await runTool([python, program, folder, seed], { timeoutMs: 60_000 });
    expect([made.code, made.errors]).toEqual([0, ""]);
    const { code, output } = await sluice(
      ...["simulate", "files", "--dir", folder, "--rate", "100000", "--url", gateway.url],
    ).end();
    expect({ code, output }).toMatchObject({ code: 0 });
    const expected: Record<string, Record<string, unknown>[]> = JSON.parse(
      await readFile(join(folder, "expected.json"), "utf8"),
    );
    expect(Object.keys(expected)).toHaveLength(16);
    for (const [topic, records] of Object.entries(expected)) {
      const found = (await recordsOf(gateway.url, topic)).map(({ data }) => data);
      expect({ topic, records: found }).toEqual({ topic, records });
    }
    // Its formula was never calculated; the error is the one that was written.
    expect(output).toContain(
      'openpyxl_furnished.xlsx, sheet "Sheet", row 3, column C "whole": its formula',
    );
    expect(output).toContain(
      'xlsxwriter_furnished.xlsx, sheet "Käufe & more", row 6, column D "real": it contains the error #DIV/0!',
    );
    expect(output).toContain("640 rows sent in");
  },
  90_000,
);
