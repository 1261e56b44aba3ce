import { expect, test } from "bun:test";
import { type Position, renderPosition } from "../../core/position.ts";
import { pageParameters, pageQuery } from "./paging.ts";

const at = (sequence: number): Position => ({ epoch: 7, sequence, index: 0 });

function parsed(texts: { limit?: string; after?: string; before?: string }) {
  const { limit, after, before } = pageParameters;
  return pageQuery({
    limit: limit.parse(texts.limit, "limit"),
    after: after.parse(texts.after, "after"),
    before: before.parse(texts.before, "before"),
  });
}

test("a query is read with its default, or refused by its field", () => {
  expect(parsed({})).toEqual({ limit: 100 });
  expect(parsed({ after: "earliest", limit: "1000" })).toEqual({ after: "earliest", limit: 1000 });
  expect(parsed({ before: renderPosition(at(3)) })).toEqual({ before: at(3), limit: 100 });
  for (const limit of ["0", "1001", "-1", "1e2", "", " 1", "9".repeat(99)]) {
    expect(() => parsed({ limit })).toThrow("Cannot use limit");
  }
  expect(() => parsed({ after: "x" })).toThrow("Cannot parse position");
  expect(() => parsed({ after: "earliest", before: renderPosition(at(3)) })).toThrow("both");
});
