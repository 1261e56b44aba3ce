import { expect, test } from "bun:test";
import { differences, mustSettle, placesChange, slotsAfter } from "./change.ts";
import type { AckRuleConfig } from "./rule.ts";

const config: AckRuleConfig = {
  name: "rule",
  places: { topics: ["a", "b", "c"], id: { key: true } },
  output: "ack",
  deadlineMs: 1000,
  keepMs: 5000,
  from: "now",
};
const over = (...topics: string[]): AckRuleConfig => ({
  ...config,
  places: { topics, id: { key: true } },
});

test("places that stay keep their slots; an added one gets a slot that no place had", () => {
  const rule = { ...config, slots: [0, 1, 2] };
  expect(slotsAfter(rule, over("c", "a"))).toEqual([2, 0]);
  expect(slotsAfter(rule, over("a", "d", "c"))).toEqual([0, 3, 2]);
  expect(slotsAfter({ ...over("a", "d", "c"), slots: [0, 3, 2] }, over("e", "d", "f"))).toEqual([
    1, 3, 4,
  ]);
});

test("ids are looked at where sightings go, or times change", () => {
  expect(placesChange(config, over("b", "d"))).toEqual({ removed: ["a", "c"], added: ["d"] });
  expect(mustSettle(config, over("a", "b", "c", "d"))).toBe(false);
  expect(mustSettle(config, { ...config, output: "other", from: "earliest" })).toBe(false);
  expect(mustSettle(config, over("a", "b"))).toBe(true);
  expect(mustSettle(config, { ...config, deadlineMs: undefined })).toBe(true);
  expect(mustSettle(config, { ...config, keepMs: 1 })).toBe(true);
});

test("the order of places is not a difference", () => {
  expect(differences(config, over("c", "b", "a"))).toEqual([]);
  expect(differences(config, { ...over("c"), deadlineMs: undefined, keepMs: 1 })).toEqual([
    "topics",
    "deadline_ms",
    "keep_ms",
  ]);
});
