import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { MemoryAccount } from "../../../core/budget/memory.ts";
import { Turns } from "../../../core/budget/turn.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { Bodies } from "../../../http/body.ts";
import { Intake } from "../intake/intake.ts";
import { type BodyForm, type BodyTarget, lineBytesMax, takeStream, takeWhole } from "./body.ts";

const bounds = { retentionMs: 3_600_000, aheadMs: 60_000 };
const time = String(clock.nowNs());
const one = (tag: string) => `{"time":${time},"tag":"${tag}","values":[1]}`;
const spread = (tag: string) => JSON.stringify(JSON.parse(one(tag)), null, 2);

interface Result {
  readonly form: BodyForm;
  readonly taken: number;
  readonly refused: readonly string[];
}

function intakeOf() {
  return new Intake({ clock, bounds }, { add() {} });
}

function whole(text: string, isLines = false): Result {
  const intake = intakeOf();
  return resultOf(takeWhole(Buffer.from(text), isLines, intake), intake);
}

function resultOf(form: BodyForm, intake: Intake): Result {
  const refused = intake.refused.map(({ index, code }) => `${index} ${code}`);
  return { form, taken: intake.taken, refused };
}

/** In chunks of `size` bytes, into a topic that has room. */
async function stream(text: string, size: number, isLines = false, bytesMax = 1 << 20) {
  const intake = intakeOf();
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
  }
  const target = { topic: { inFlight: { isFull: false } }, call: {}, intake };
  const receiving = new MemoryAccount(2 ** 30).share("receiving", 1);
  const bodies = new Bodies({ bytesMax, rateMin: 1, turns: new Turns(), receiving });
  const form = await takeStream(chunks(), isLines, bodies, target as unknown as BodyTarget);
  return resultOf(form, intake);
}

const bodies: readonly (readonly [name: string, text: string, isLines: boolean, Result])[] = [
  ["one", one("a"), false, { form: "one", taken: 1, refused: [] }],
  ["one with spaces around", ` \r\n${one("a")}\t `, false, { form: "one", taken: 1, refused: [] }],
  ["one over several lines", spread("a"), false, { form: "one", taken: 1, refused: [] }],
  ["one that is wrong", "{}", false, { form: "one", taken: 0, refused: ["0 invalid"] }],
  ["nothing", "", false, { form: "one", taken: 0, refused: [] }],
  ["an array", `[${one("a")},${one("b")}]`, false, { form: "array", taken: 2, refused: [] }],
  [
    "an array with one wrong",
    `[1,${one("b")}]`,
    false,
    { form: "array", taken: 1, refused: ["0 invalid"] },
  ],
  [
    "lines, told by the first",
    `${one("a")}\n${one("b")}\n`,
    false,
    { form: "lines", taken: 2, refused: [] },
  ],
  ["lines, told by the type", one("a"), true, { form: "lines", taken: 1, refused: [] }],
  [
    "lines with a bad one",
    `${one("a")}\n{\n${one("b")}`,
    true,
    { form: "lines", taken: 2, refused: ["1 invalid"] },
  ],
];

test.each(bodies)("%s, as a whole", (_, text, isLines, result) => {
  expect(whole(text, isLines)).toEqual(result);
});

describe.each([1, 7, 1 << 16])("in chunks of %d bytes", (size) => {
  test.each(bodies)("%s", async (_, text, isLines, result) => {
    expect(await stream(text, size, isLines)).toEqual(result);
  });
});

test("a line beyond the bound is refused, the next one is read", async () => {
  const long = `{"x":"${"y".repeat(4 * lineBytesMax)}"}`;
  expect(await stream([one("a"), long, one("b")].join("\n"), 1 << 14)).toEqual({
    form: "lines",
    taken: 2,
    refused: ["1 too_large"],
  });
});

test("what is not lines is bounded", async () => {
  const array = `[${Array.from({ length: 100 }, () => one("a")).join(",")}]`;
  await expect(stream(array, 512, false, 1024)).rejects.toMatchObject({ code: "too_large" });
});
