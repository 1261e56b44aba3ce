import { expect, test } from "bun:test";
import { NewestEvents, pageFromEarlier, pageFromLater } from "./page.ts";
import type { Position } from "./position.ts";

const at = (sequence: number): Position => ({ epoch: 7, sequence, index: 0 });
const event = (sequence: number) => ({
  position: at(sequence),
  receivedNs: 0n,
  record: { value: new Uint8Array(), key: "", contentType: "", schemaId: 0, timeNs: 0n },
});

const sizeOf = (limit: number) => ({ limit, bytesMax: 1000 });

test("next and prev stand only where something lies beyond", () => {
  const found = [event(4), event(5), event(6)];
  expect(pageFromLater(at(3), found, sizeOf(2), { earlier: true })).toMatchObject({
    next: at(5),
    prev: at(4),
  });
  expect(pageFromLater(at(3), found, sizeOf(3), { earlier: false })).toMatchObject({
    next: null,
    prev: null,
  });
  expect(pageFromEarlier(at(0), found, sizeOf(2), { later: true })).toMatchObject({
    next: at(6),
    prev: at(5),
  });
  expect(pageFromEarlier(at(0), found, sizeOf(3), { later: false })).toMatchObject({
    next: null,
    prev: null,
  });
});

test("an empty page still leads to the other side", () => {
  // Before what is just behind 3, that is: up to and including 3.
  const prev = { epoch: 7, sequence: 3, index: 1 };
  expect(pageFromLater(at(3), [], sizeOf(2), { earlier: true })).toEqual({
    events: [],
    next: null,
    prev,
  });
  expect(pageFromEarlier(at(1), [], sizeOf(2), { later: true })).toEqual({
    events: [],
    next: at(1),
    prev: null,
  });
});

test("a page ends at its bytes, after one event at least, and leads on", () => {
  const found = [event(4), event(5), event(6)];
  for (const bytesMax of [1, 64, 127]) {
    const size = { limit: 9, bytesMax };
    const later = pageFromLater(at(3), found, size, { earlier: false });
    expect(later).toEqual({ events: [event(4)], next: at(4), prev: null });
    const earlier = pageFromEarlier(at(3), found, size, { later: false });
    expect(earlier).toEqual({ events: [event(6)], next: null, prev: at(6) });
  }
  const two = { limit: 9, bytesMax: 128 };
  expect(pageFromLater(at(3), found, two, { earlier: false })).toMatchObject({ next: at(5) });
  expect(pageFromEarlier(at(3), found, two, { later: false })).toMatchObject({ prev: at(5) });
  const three = { limit: 9, bytesMax: 192 };
  expect(pageFromLater(at(3), found, three, { earlier: false })).toMatchObject({ next: null });
});

test("a page whose search ended early leads to where it goes on", () => {
  const size = sizeOf(9);
  const later = pageFromLater(at(3), [], size, { earlier: false, cutAt: at(50) });
  expect(later).toEqual({ events: [], next: at(50), prev: null });
  const earlier = pageFromEarlier(at(0), [], size, { later: false, cutAt: at(50) });
  // As `before`, all up to and including 50.
  expect(earlier).toEqual({ events: [], next: null, prev: { ...at(50), index: 1 } });
});

test("what is kept on the way to the newest events is bounded, and counted", () => {
  const size = { limit: 3, bytesMax: 100_000 };
  const kept = { now: 0, most: 0 };
  const counter = {
    take: (bytes: number) => void (kept.most = Math.max(kept.most, (kept.now += bytes))),
    release: (bytes: number) => void (kept.now -= bytes),
  };
  const newest = new NewestEvents(size, counter);
  for (let sequence = 1; sequence <= 1000; sequence++) newest.push(event(sequence));
  const earlier = new NewestEvents(size, counter);
  earlier.push(event(0));
  newest.prepend(earlier);
  expect(newest.events().map(({ position }) => position.sequence)).toEqual([997, 998, 999, 1000]);
  expect(kept).toEqual({ now: 4 * 64, most: 5 * 64 });
});
