import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { requireLinear } from "../../../../test/fuzz/linear.ts";
import { Caller, openCaller } from "../../../core/access/caller.ts";
import { Grants } from "../../../core/access/grant.ts";
import { MemoryAccount } from "../../../core/budget/memory.ts";
import { Turns } from "../../../core/budget/turn.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { Failure } from "../../../core/failure.ts";
import { Bodies } from "../../../http/body.ts";
import { InFlight } from "../../../ingest/in-flight.ts";
import { Intake } from "../intake/intake.ts";
import { measurementBytesMax } from "../intake/json-cursor.ts";
import { type BodyForm, type BodyTarget, takeStream, takeWhole } from "./body.ts";

const bounds = { retentionMs: 3_600_000, aheadMs: 60_000 };
const time = String(clock.nowNs());
const one = (tag: string) => `{"time":${time},"tag":"${tag}","values":[1]}`;
const spread = (tag: string) => JSON.stringify(JSON.parse(one(tag)), null, 2);

interface Result {
  readonly form: BodyForm;
  readonly taken: number;
  readonly refused: readonly string[];
}

const openTurn = () => new Turns().open();

/** Turns with a clock that finds the slice used up whenever it is asked. */
function countingTurns() {
  let nowMs = 0;
  let rounds = 0;
  const later = (callback: () => void) => {
    rounds++;
    queueMicrotask(callback);
  };
  return { turns: new Turns({ elapsedMs: () => (nowMs += 5), later }), rounds: () => rounds };
}

function intakeOf() {
  return new Intake({ clock, bounds }, { add() {} }, openCaller);
}

async function whole(text: string, isLines = false): Promise<Result> {
  const intake = intakeOf();
  return resultOf(await takeWhole(Buffer.from(text), isLines, { intake, openTurn }), intake);
}

function resultOf(form: BodyForm, intake: Intake): Result {
  const refused = intake.refused.map(({ index, code }) => `${index} ${code}`);
  return { form, taken: intake.taken, refused };
}

/** In chunks of `size` bytes, into a topic that has room. */
async function stream(
  text: string,
  size: number,
  isLines = false,
  { bytesMax = 1 << 20, by = openCaller } = {},
) {
  const intake = intakeOf();
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
  }
  const target = { topic: { inFlight: new InFlight(1) }, call: {}, intake, openTurn, by };
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
  [
    "one behind a byte order mark",
    `\ufeff${one("a")}`,
    false,
    { form: "one", taken: 1, refused: [] },
  ],
  ["an array behind one", `\ufeff[${one("a")}]`, false, { form: "array", taken: 1, refused: [] }],
  [
    "lines behind one",
    `\ufeff${one("a")}\n${one("b")}`,
    true,
    { form: "lines", taken: 2, refused: [] },
  ],
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

test.each(bodies)("%s, as a whole", async (_, text, isLines, result) => {
  expect(await whole(text, isLines)).toEqual(result);
});

describe.each([1, 7, 1 << 16])("in chunks of %d bytes", (size) => {
  test.each(bodies)("%s", async (_, text, isLines, result) => {
    expect(await stream(text, size, isLines)).toEqual(result);
  });
});

test("a line beyond the bound is refused, the next one is read", async () => {
  const long = `{"x":"${"y".repeat(4 * measurementBytesMax)}"}`;
  expect(await stream([one("a"), long, one("b")].join("\n"), 1 << 14)).toEqual({
    form: "lines",
    taken: 2,
    refused: ["1 too_large"],
  });
});

test.each<[name: string, of: (unit: string) => string]>([
  ["an array's element", (large) => `[${one("a")},${large},${one("b")}]`],
  ["a line", (large) => `${one("a")}\n${large}`],
])("%s is not looked at past its bound", async (_, bodyOf) => {
  for (const unit of ['"a":1,', '"a":"', "[", "1,", `"values":[${"1,".repeat(50_000)}`]) {
    const large = `{${unit.repeat(200_000 / unit.length)}`;
    const { taken, refused } = await whole(bodyOf(large));
    expect(taken).toBe(1);
    expect(refused.length).toBe(1);
  }
});

test.each<[name: string, unit: string, wrap: (many: string) => string]>([
  ["empty lines", "\n", (many) => `1${many}1`],
  ["empty objects", "{}\n", (many) => many],
  ["bad lines", "{\n", (many) => many],
  ["spaces", " ", (many) => `${many}1`],
  ["elements", "{},", (many) => `[${many}{}]`],
  ["open brackets", "[", (many) => `{"a":${many}`],
  ["backslashes", "\\", (many) => `{"${many}`],
])(
  "the time of many %s is linear, and others get their turns",
  async (name, unit, wrap) => {
    await requireLinear({
      name,
      inputOf: (size) => wrap(unit.repeat(size / unit.length)),
      run: (text) => whole(text),
    });
    const counted = countingTurns();
    const body = Buffer.from(wrap(unit.repeat(2_000_000 / unit.length)));
    const target = { intake: intakeOf(), openTurn: () => counted.turns.open() };
    await takeWhole(body, unit.includes("\n"), target);
    if (unit.length > 1 || unit === "\n") expect(counted.rounds()).toBeGreaterThan(50);
  },
  60_000,
);

test("what is not lines is bounded", async () => {
  const array = `[${Array.from({ length: 100 }, () => one("a")).join(",")}]`;
  await expect(stream(array, 512, false, { bytesMax: 1024 })).rejects.toMatchObject({
    code: "too_large",
  });
});

test("a body ends with the credential that it came with", async () => {
  const by = new Caller({ kind: "key", id: "key:k", name: "k", grants: Grants.all });
  by.end(new Failure("unauthenticated", "The key is revoked"));
  await expect(stream(one("a"), 8, true, { by })).rejects.toMatchObject({
    code: "unauthenticated",
  });
});
