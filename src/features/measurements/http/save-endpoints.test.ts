// `POST /save` is read by hand: here the scanner and the documented shape judge the same inputs.

import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { shapeValidator } from "../../../../test/support/json-schema.ts";
import { openCaller } from "../../../core/access/caller.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { Intake } from "../intake/intake.ts";
import { measurementShape } from "./save-endpoints.ts";

const bounds = { retentionMs: 3_600_000, aheadMs: 3_600_000 };
const time = String(clock.nowNs());
const allows = shapeValidator(measurementShape);

function taken(text: string): boolean {
  const intake = new Intake({ clock, bounds }, { add() {} }, openCaller);
  intake.one(Buffer.from(text));
  return intake.taken === 1;
}

const values = (count: number) => `[${Array.from({ length: count }, () => "1").join(",")}]`;

const agreed: readonly (readonly [name: string, text: string, isTaken: boolean])[] = [
  ["a measurement", `{"time":${time},"tag":"a","values":[1]}`, true],
  ["its time as text", `{"time":"${time}","tag":"a","values":[1]}`, true],
  ["its members in another order", `{"values":[1],"tag":"a","time":${time}}`, true],
  ["numbers in every form", `{"time":${time},"tag":"a","values":[-0,1.5,2e3,1E-2]}`, true],
  ["64 values", `{"time":${time},"tag":"a","values":${values(64)}}`, true],
  ["65 values", `{"time":${time},"tag":"a","values":${values(65)}}`, false],
  ["no values", `{"time":${time},"tag":"a","values":[]}`, false],
  ["a value of text", `{"time":${time},"tag":"a","values":["1"]}`, false],
  ["a value of null", `{"time":${time},"tag":"a","values":[null]}`, false],
  ["values as a number", `{"time":${time},"tag":"a","values":1}`, false],
  ["values left out", `{"time":${time},"tag":"a"}`, false],
  ["an empty tag", `{"time":${time},"tag":"","values":[1]}`, false],
  ["a tag of 512 characters", `{"time":${time},"tag":"${"x".repeat(512)}","values":[1]}`, true],
  ["a tag of 513 characters", `{"time":${time},"tag":"${"x".repeat(513)}","values":[1]}`, false],
  ["a tag with an escape", `{"time":${time},"tag":"a\\u00e4\\"","values":[1]}`, true],
  ["a tag that is a number", `{"time":${time},"tag":1,"values":[1]}`, false],
  ["a tag left out", `{"time":${time},"values":[1]}`, false],
  ["a time with a fraction", `{"time":1.5,"tag":"a","values":[1]}`, false],
  ["a time of null", `{"time":null,"tag":"a","values":[1]}`, false],
  ["a time as RFC 3339", `{"time":"2026-11-21T10:00:00Z","tag":"a","values":[1]}`, false],
  ["a time left out", `{"tag":"a","values":[1]}`, false],
  ["another member", `{"time":${time},"tag":"a","values":[1],"unit":"V"}`, false],
  ["null", "null", false],
  ["a number", "1", false],
];

test.each(agreed)("%s: the scanner and the shape agree", (_, text, isTaken) => {
  expect(allows(JSON.parse(text))).toBe(isTaken);
  expect(taken(text)).toBe(isTaken);
});

// What a JSON Schema has no words for; the descriptions say it.
const narrower: readonly (readonly [name: string, text: string])[] = [
  ["a tag of more than 512 bytes", `{"time":${time},"tag":"${"ä".repeat(257)}","values":[1]}`],
  ["a tag with a control character", `{"time":${time},"tag":"a\\u0001","values":[1]}`],
  ["a time long past", `{"time":5,"tag":"a","values":[1]}`],
  ["a time beyond an int64", `{"time":"9999999999999999999","tag":"a","values":[1]}`],
  ["a whole time with a fraction", `{"time":${time}.0,"tag":"a","values":[1]}`],
];

test.each(narrower)("%s: the shape allows it, the scanner refuses it", (_, text) => {
  expect(allows(JSON.parse(text))).toBe(true);
  expect(taken(text)).toBe(false);
});
