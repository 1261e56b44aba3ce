import { expect, test } from "bun:test";
import { withPostgres } from "../../test/support/postgres.ts";
import { arrayOfBytes, arrayOfNumbers, arrayOfTexts, textsFromArray } from "./arrays.ts";
import { openDatabase } from "./database.ts";

test("what goes in as an array literal comes out as it was", async () => {
  await withPostgres(async (url) => {
    const database = openDatabase({ url });
    const texts = ["", "a", '"', "\\", '\\"', "{}", "a,b", "NULL", null, "é 😀\n\t", "'; --"];
    const numbers = [0, -1, Number.MAX_SAFE_INTEGER, 2n ** 62n];
    const bytes = [new Uint8Array(), Uint8Array.from({ length: 256 }, (_, i) => i)];
    const one = await database.sql`select t from unnest(${arrayOfTexts(texts)}::text[]) t`;
    expect(one.map((row) => row["t"])).toEqual(texts);
    const [all] = await database.sql`select ${arrayOfTexts(texts)}::text[]::text as texts`;
    expect(textsFromArray(all?.["texts"])).toEqual(texts.map((text) => text ?? "NULL"));
    const two = await database.sql`select n from unnest(${arrayOfNumbers(numbers)}::bigint[]) n`;
    expect(two.map((row) => row["n"])).toEqual(numbers.map(String));
    const three = await database.sql`select b from unnest(${arrayOfBytes(bytes)}::bytea[]) b`;
    expect(three.map((row) => new Uint8Array(row["b"]))).toEqual(bytes);
    const none = await database.sql`select t from unnest(${arrayOfTexts([])}::text[]) t`;
    expect(none.length).toBe(0);
    await database.close();
  });
});
