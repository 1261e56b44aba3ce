import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRelations } from "./relations-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-relations-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(text: string | Uint8Array) {
  const path = join(folder, "relations.yaml");
  await writeFile(path, text);
  return await readRelations(path);
}

async function failure(text: string | Uint8Array): Promise<string> {
  return String(await read(text).catch((error: unknown) => error));
}

test("YAML and JSON say the same", async () => {
  const yaml = `
topic1:
  relation: orders # what was bought
  key: [message_id]
  columns:
    message_id: text
    total: { type: numeric, from: /price/total }
`;
  const json = JSON.stringify({
    topic1: {
      relation: "orders",
      key: ["message_id"],
      columns: { message_id: "text", total: { type: "numeric", from: "/price/total" } },
    },
  });
  expect(await read(yaml)).toEqual(await read(json));
  expect(await read(yaml)).toMatchObject([{ topic: "topic1", name: "orders" }]);
});

test("the samples' mapping can be used", async () => {
  const relations = await readRelations(
    join(import.meta.dir, "../../../../data-samples/relations.json"),
  );
  expect(relations.map(({ topic, name }) => [topic, name])).toEqual([
    ["topic1", "samples"],
    ["topic2", "assays"],
    ["topic3", "results"],
  ]);
});

describe("told with the file's name", () => {
  test("a file that is not there", async () => {
    const error = readRelations(join(folder, "none.json")).catch((thrown: unknown) => thrown);
    expect(String(await error)).toMatch(/Cannot use SLUICE_RELATIONS ".*none\.json", .*ENOENT/s);
  });
  test("text that is neither", async () => {
    expect(await failure('{"topic1": [}')).toMatch(/relations\.yaml".*at line 1/s);
  });
  test("a name twice", async () => {
    expect(await failure("a: 1\na: 2\n")).toMatch(/Map keys must be unique at line 2/);
  });
  test("every problem of the mapping", async () => {
    const text = await failure("topic1: { relation: Orders, key: [], columns: {} }\n");
    expect(text).toContain("2 of its parts");
    expect(text).toContain("topic1.relation");
    expect(text).toContain("topic1.key");
  });
  test("aliases that multiply", async () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) =>
        `l${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}, *l${i}, *l${i}, *l${i}, *l${i}, *l${i}]`,
    );
    expect(await failure(`l0: &l0 [x]\n${levels.join("\n")}\n`)).toContain("alias");
  });
  test("text in another encoding", async () => {
    expect(await failure(Buffer.from("café: 1\n", "latin1"))).toContain("it is not UTF-8");
  });
  test("a file that is too large", async () => {
    expect(await failure(`a: "${"x".repeat(1_100_000)}"`)).toContain("larger than 1048576");
  });
});
