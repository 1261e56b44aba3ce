import { expect, test } from "bun:test";
import { systemClock as clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { silent as logger } from "../../core/logger.ts";
import { RuleChanges } from "./rule-changes.ts";

test("a node forgets the rule that it changed, also where the others cannot be reached", async () => {
  const forgotten: string[] = [];
  const away = async () => {
    throw new Failure("unavailable", "away");
  };
  const changes = new RuleChanges({
    store: { announce: away, recent: away },
    clock,
    logger,
    gate: { forget: (topic) => void forgotten.push(topic), forgetAll() {} },
  });
  const error = await changes.announce("t").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Failure);
  expect(forgotten).toEqual(["t"]);
});
