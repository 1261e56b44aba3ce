import { expect, test } from "bun:test";
import { snakeCaseMembers } from "./status-members.ts";

test("members are snake_case at every depth; values stay as they are", () => {
  const status = {
    status: "up",
    hub: { windowBytes: 5, topics: 1 },
    projections: [{ name: "emitterPages", lagMs: 2, lastFailure: undefined }],
    query_ms: { p50: 1.5 },
    none: null,
  };
  expect(JSON.parse(JSON.stringify(snakeCaseMembers(status)))).toEqual({
    status: "up",
    hub: { window_bytes: 5, topics: 1 },
    projections: [{ name: "emitterPages", lag_ms: 2 }],
    query_ms: { p50: 1.5 },
    none: null,
  });
});
