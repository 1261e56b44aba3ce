import { expect, test } from "bun:test";
import { pageFromEarlier, pageFromLater } from "./page.ts";
import type { Position } from "./position.ts";

const at = (sequence: number): Position => ({ epoch: 7, sequence, index: 0 });
const event = (sequence: number) => ({
  position: at(sequence),
  receivedNs: 0n,
  record: { value: new Uint8Array(), key: "", contentType: "", schemaId: 0, timeNs: 0n },
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
