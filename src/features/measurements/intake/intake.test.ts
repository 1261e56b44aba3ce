import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { Caller, openCaller } from "../../../core/access/caller.ts";
import { Grants, parseGrants } from "../../../core/access/grant.ts";
import { Turns } from "../../../core/budget/turn.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { decodeFrame } from "../../../core/frame.ts";
import { jsonType } from "../../../core/record.ts";
import { measurementContract } from "../contract.ts";
import { measurementFromRecord } from "../record.ts";
import { Intake } from "./intake.ts";

const bounds = { retentionMs: 3_600_000, aheadMs: 60_000 };
const now = clock.nowNs();
const turn = () => new Turns().open();

async function take(use: (intake: Intake) => void | Promise<void>, by = openCaller) {
  const tags: string[] = [];
  let pieces = 0;
  const intake = new Intake(
    { clock, bounds },
    {
      add(bytes, from, to, count) {
        const records = decodeFrame(Uint8Array.from(bytes.subarray(from, to)));
        expect(records.length).toBe(count);
        for (const record of records) tags.push(measurementFromRecord(record).tag);
        pieces++;
      },
    },
    by,
  );
  await use(intake);
  const refused = intake.refused.map(({ index, field, code }) => `${index} ${field} ${code}`);
  return { tags, pieces, refused, more: intake.refusedMore, index: intake.index };
}

const one = (tag: string, time: bigint | string = now) =>
  `{"time":${time},"tag":"${tag}","values":[1]}`;

test("lines: a bad one is refused by its index, empty ones are skipped", async () => {
  const lines = [one("a"), "", "{", one("b"), " \r", "1", `${one("c")} x`, one("d", 5n), one("e")];
  expect(await take((intake) => intake.lines(Buffer.from(lines.join("\n")), turn()))).toEqual({
    tags: ["a", "b", "e"],
    pieces: 1,
    refused: ["1 body invalid", "3 body invalid", "4 body invalid", "5 time invalid"],
    more: 0,
    index: 7,
  });
});

describe("an array", () => {
  for (const [name, text, tags, refused] of [
    ["of none", " [ ] ", [], []],
    ["of one", `[${one("a")}]`, ["a"], []],
    ["with spaces", `[ ${one("a")} ,\n${one("b")} ]`, ["a", "b"], []],
    [
      "with others among them",
      `[1,${one("a")},{"x":"]"},"[",${one("b")}]`,
      ["a", "b"],
      ["0 body invalid", "2 x invalid", "3 body invalid"],
    ],
    ["that ends early", `[${one("a")},`, ["a"], ["1 body invalid"]],
    ["with a comma behind the last", `[${one("a")},]`, ["a"], ["1 body invalid"]],
    ["without a comma", `[${one("a")} ${one("b")}]`, [], ["0 body invalid"]],
    ["with more behind it", `[${one("a")}] 1`, ["a"], ["1 body invalid"]],
  ] as const) {
    test(name, async () => {
      const taken = await take((intake) => intake.array(Buffer.from(text), turn()));
      expect(taken).toMatchObject({ tags: [...tags], refused: [...refused] });
    });
  }
});

test("one value, over several lines, and nothing after it", async () => {
  const body = (text: string) => take((intake) => intake.one(Buffer.from(text)));
  expect((await body(one("a").replaceAll(",", ",\n"))).tags).toEqual(["a"]);
  expect(await body(`${one("a")} ${one("b")}`)).toMatchObject({
    tags: [],
    refused: ["0 body invalid"],
  });
});

test("times outside of the bounds are refused with what is expected", () => {
  const hour = 3_600_000_000_000n;
  const intake = new Intake({ clock, bounds }, { add() {} }, openCaller);
  intake.one(Buffer.from(one("a", now - hour - 1_000_000_000n)));
  intake.one(Buffer.from(one("a", now + 61_000_000_000n)));
  intake.one(Buffer.from(one("a", now - hour + 10_000_000_000n)));
  intake.one(Buffer.from(one("a", now + 59_000_000_000n)));
  expect(intake.refused.map(({ message }) => message)).toEqual([
    expect.stringMatching(/kept for 1 hours, expected nanoseconds, at least \d{19}$/),
    expect.stringMatching(/more than 1 minutes ahead of the clock, expected at most \d{19}$/),
  ]);
  expect(intake.taken).toBe(2);
});

test("many measurements pass on in pieces, and only the first thousand refusals are listed", async () => {
  const body = Buffer.from(`${one("a")}\n`.repeat(5000) + "x\n".repeat(1500));
  const { tags, pieces, refused, more, index } = await take((intake) => intake.lines(body, turn()));
  expect([tags.length, refused.length, more, index]).toEqual([5000, 1000, 500, 6500]);
  expect(pieces).toBeGreaterThan(2);
  expect(refused.at(-1)).toBe("5999 body invalid");
});

test("a record of the topic is under its tag and time, or is refused by its field", () => {
  const form = measurementContract(clock, bounds);
  const offered = (text: string) => ({
    value: new TextEncoder().encode(text),
    contentType: jsonType,
    key: "other",
  });
  expect(form(offered(one("a")))).toMatchObject({ key: "a", timeNs: now, contentType: jsonType });
  expect(form(offered(one("a", 1n)))).toMatchObject({ field: "time", code: "invalid" });
  expect(form(offered(`{"a":1}`))).toMatchObject({ field: "a", code: "invalid" });
  expect(form({ ...offered("\u0001"), contentType: "x/y" })).toMatchObject({ field: "body" });
});

test("a caller writes the tags that it was granted, the others are refused by index", async () => {
  const grants = new Grants(parseGrants("append series:a, append series:plant.*, read series:*"));
  const by = new Caller({ kind: "key", id: "key:k", name: "plant", grants });
  const lines = ["a", "b", "plant.1", "plant", "ab"].map((tag) => one(tag)).join("\n");
  const result = await take((intake) => intake.lines(Buffer.from(lines), turn()), by);
  expect(result).toMatchObject({
    tags: ["a", "plant.1"],
    refused: ["1 tag forbidden", "3 tag forbidden", "4 tag forbidden"],
  });
});

test("the bound of tags is asked after each wait, also by a body that began before it was reached", async () => {
  let isReached = false;
  const issue = { field: "tag", code: "overloaded", message: "there are too many" } as const;
  const tags = { asks: () => isReached, refusal: () => issue };
  const intake = new Intake({ clock, bounds, tags }, { add() {} }, openCaller);
  await intake.lines(Buffer.from(`${one("a")}\n${one("b")}\n`), turn());
  isReached = true;
  await intake.lines(Buffer.from(`${one("c")}\n${one("d")}\n`), turn());
  isReached = false;
  await intake.lines(Buffer.from(`${one("e")}\n`), turn());
  expect(intake.refused.map(({ index, code }) => `${index} ${code}`)).toEqual([
    "2 overloaded",
    "3 overloaded",
  ]);
  expect(intake.taken).toBe(3);
});
