import { expect, test } from "bun:test";
import { pageFromEarlier, pageFromLater, parsePageQuery } from "./page.ts";
import { renderPosition, type Position } from "./position.ts";

const at = (sequence: number): Position => ({ epoch: 7, sequence, index: 0 });
const event = (sequence: number) => ({
  position: at(sequence),
  receivedNs: 0n,
  record: { value: new Uint8Array(), key: "", contentType: "", schemaId: 0, timeNs: 0n },
});

test("a query is read with its default, or refused by its field", () => {
  expect(parsePageQuery({})).toEqual({ limit: 100 });
  expect(parsePageQuery({ after: "earliest", limit: "1000" })).toEqual({
    after: "earliest",
    limit: 1000,
  });
  expect(parsePageQuery({ before: renderPosition(at(3)) })).toEqual({ before: at(3), limit: 100 });
  for (const limit of ["0", "1001", "-1", "1e2", "", " 1", "9".repeat(99)]) {
    expect(() => parsePageQuery({ limit })).toThrow("Cannot use limit");
  }
  expect(() => parsePageQuery({ after: "x" })).toThrow("Cannot parse position");
  expect(() => parsePageQuery({ after: "earliest", before: "x" })).toThrow("both");
});

test("next and prev stand only where something lies beyond", () => {
  const found = [event(4), event(5), event(6)];
  expect(pageFromLater(at(3), found, 2, true)).toMatchObject({ next: at(5), prev: at(4) });
  expect(pageFromLater(at(3), found, 3, false)).toMatchObject({ next: null, prev: null });
  expect(pageFromEarlier(at(0), found, 2, true)).toMatchObject({ next: at(6), prev: at(5) });
  expect(pageFromEarlier(at(0), found, 3, false)).toMatchObject({ next: null, prev: null });
});

test("an empty page still leads to the other side", () => {
  // Before what is just behind 3, that is: up to and including 3.
  const prev = { epoch: 7, sequence: 3, index: 1 };
  expect(pageFromLater(at(3), [], 2, true)).toEqual({ events: [], next: null, prev });
  expect(pageFromEarlier(at(1), [], 2, true)).toEqual({ events: [], next: at(1), prev: null });
});
