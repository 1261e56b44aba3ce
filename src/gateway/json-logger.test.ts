import { expect, test } from "bun:test";
import { audit } from "../core/access/audit.ts";
import { openCaller } from "../core/access/caller.ts";
import { systemClock } from "../core/clock.ts";
import { createJsonLogger } from "./json-logger.ts";

test("lines below the lowest level are dropped; audit lines never are", () => {
  const lines: string[] = [];
  const logger = createJsonLogger((line) => lines.push(line), systemClock, "error", {});
  logger("warn", "not written");
  audit(logger, openCaller, { action: "delete", kind: "topic", name: "orders" });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: expect.stringMatching(/Z$/) as string,
      level: "audit",
      message: "delete topic",
      principal: "anonymous",
      principal_name: "anonymous",
      resource: "topic:orders",
    },
  ]);
});
