import { describe, expect, test } from "bun:test";
import { Failure } from "./failure.ts";
import { comparePositions, epochStart, parsePosition, renderPosition } from "./position.ts";

const numbers = [0, 1, 35, 36, 1295, 1296, 2 ** 31, 2 ** 41, Number.MAX_SAFE_INTEGER];
const positions = numbers.flatMap((epoch) =>
  numbers.flatMap((sequence) =>
    [0, 1, 36, 2 ** 31 - 1].map((index) => ({ epoch, sequence, index })),
  ),
);

describe("a position", () => {
  test("comes back from its token as it was", () => {
    for (const position of positions) {
      expect(parsePosition(renderPosition(position))).toEqual(position);
    }
  });

  test("sorts as a string as it does by its numbers", () => {
    const byNumbers = positions.toSorted(comparePositions).map(renderPosition);
    expect(positions.map(renderPosition).toSorted()).toEqual(byNumbers);
  });

  test("stands at its epoch's start before every record", () => {
    expect(comparePositions(epochStart(7), { epoch: 7, sequence: 0, index: 1 })).toBeLessThan(0);
  });

  test.each([
    ["", "it is empty"],
    ["7x", "it has no epoch"],
    ["11-", "not in canonical form"],
    ["11-201", "not in canonical form"], // padded
    ["11-11-10", "not in canonical form"], // index 0 is left out
    ["11-11-21", "not in canonical form"],
    ["11-b2gosa7pa2gw", "not in canonical form"], // 2^53
    ["11-11-b2gosa7pa2gv", "not in canonical form"], // no entry has as many records
    ["11-11\r\nid:x", "not in canonical form"],
    [`11-${"1".repeat(5000)}`, "not in canonical form"],
  ])("refuses %j", (token, why) => {
    try {
      parsePosition(token);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      const failure = error as Failure;
      expect(failure.code).toBe("invalid_position");
      expect(failure.message).toContain(why);
      expect(failure.message.length).toBeLessThan(300);
    }
  });
});
