import { expect, test } from "bun:test";
import { parseJson } from "../../../http/validate.ts";
import type { AckRuleConfig } from "../rule.ts";
import { ackRuleFrom } from "./body.ts";
import { ruleRequestShape } from "./endpoints.ts";

function parsed(body: unknown): AckRuleConfig {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return ackRuleFrom("orders", parseJson(ruleRequestShape, bytes));
}

test("what is left out has its default", () => {
  expect(parsed({ topics: ["a", "b"], output: "ack" })).toEqual({
    name: "orders",
    places: { topics: ["a", "b"], id: { pointer: "/message_id" } },
    output: "ack",
    deadlineMs: undefined,
    keepMs: 86_400_000,
    from: "now",
  });
});

test.each<readonly [body: object, config: Partial<AckRuleConfig>]>([
  [{ topics: ["a"], id: { key: true } }, { places: { topics: ["a"], id: { key: true } } }],
  [
    { topics: ["a"], id: { pointer: "/a/~1b" } },
    { places: { topics: ["a"], id: { pointer: "/a/~1b" } } },
  ],
  [
    { topics: ["a"], id: { field: "watch.id" } },
    { places: { topics: ["a"], id: { field: "watch.id" } } },
  ],
  [{ events: ["SENT"] }, { places: { events: ["SENT"], appId: undefined } }],
  [{ events: ["SENT"], app_id: "shop" }, { places: { events: ["SENT"], appId: "shop" } }],
  [
    { topics: ["a"], deadline_ms: 1, keep_ms: 1000 },
    { deadlineMs: 1, keepMs: 1000 },
  ],
  [{ topics: ["a"], from: "earliest" }, { from: "earliest" }],
])("%j is taken", (body, config) => {
  expect(parsed({ output: "ack", ...body })).toMatchObject(config);
});

const topics = ["a"];

test.each<readonly [body: object, field: string]>([
  [{}, "/topics"],
  [{ topics, events: ["SENT"] }, "/topics"],
  [{ topics: [] }, "/topics"],
  [{ topics: ["a", "a"] }, "/topics"],
  [{ topics: ["a", "b c"] }, "/topics/1"],
  [{ topics: [".."] }, "/topics/0"],
  [{ events: ["SENT", "SENT"] }, "/events"],
  [{ events: ["SENT", "a\nb"] }, "/events/1"],
  [{ events: ["SENT"], app_id: "" }, "/app_id"],
  [{ events: ["SENT"], id: { key: true } }, "/id"],
  [{ topics, app_id: "shop" }, "/app_id"],
  [{ topics, id: {} }, "/id"],
  [{ topics, id: { key: true, field: "a" } }, "/id"],
  [{ topics, id: { pointer: "a" } }, "/id/pointer"],
  [{ topics, id: { field: "a..b" } }, "/id/field"],
  [{ topics, output: "a" }, "/output"],
  [{ topics: ["ack.overdue"], output: "ack" }, "/output"],
  [{ topics, output: "x".repeat(193) }, "/output"],
  [{ topics, deadline_ms: 0 }, "/deadline_ms"],
  [{ topics, keep_ms: 999 }, "/keep_ms"],
  [{ topics, from: "later" }, "/from"],
  [{ topics, outputs: "b" }, "/outputs"],
])("%j is refused at %s", (body, field) => {
  let caught: unknown;
  try {
    parsed({ output: "ack", ...body });
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ code: "invalid", errors: [{ field }] });
});
