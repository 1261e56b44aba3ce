import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../test/support/random.ts";
import { jsonType, type StoredRecord } from "../../core/record.ts";
import type { LifecycleEvent } from "./event.ts";
import {
  type AppSettings,
  compareTexts,
  eventNamesMax,
  type Lifecycle,
  lifecycleFrom,
  mergeLifecycles,
  showLifecycle,
} from "./lifecycle.ts";

const record: StoredRecord = {
  record: { value: new Uint8Array(), key: "", contentType: jsonType, schemaId: 0, timeNs: 0n },
  position: { epoch: 1, sequence: 1, index: 0 },
  receivedNs: 0n,
};

function one(event: string, atNs: bigint, receivedNs = 0n, externalId?: string): Lifecycle {
  const given: LifecycleEvent = { appId: "a", messageId: "m", event, atNs, externalId };
  return lifecycleFrom(given, { ...record, receivedNs });
}

/** Merges in a random order: the left or the right side grows, and parts merge with parts. */
function mergedAtRandom(all: readonly Lifecycle[], random: (below: number) => number): Lifecycle {
  const parts = [...all];
  while (parts.length > 1) {
    const [a] = parts.splice(random(parts.length), 1);
    const [b] = parts.splice(random(parts.length), 1);
    if (a !== undefined && b !== undefined) parts.push(mergeLifecycles(a, b));
  }
  const [last] = parts;
  if (last === undefined) throw new Error("There was nothing to merge");
  return last;
}

test("merging gives what counting gives, in any order and grouping", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = seededRandom(seed);
    // Beyond the bound on names in every third case.
    const names = seed % 3 === 0 ? 3 * eventNamesMax : 5;
    const all = Array.from({ length: 1 + random.int(600) }, () =>
      one(
        `e${random.int(names)}`,
        BigInt(random.int(1000)) - 500n,
        BigInt(random.int(1000)),
        random.chance(0.1) ? `x${random.int(20)}` : undefined,
      ),
    );
    const seen = Map.groupBy(
      all.flatMap(({ events }) => events),
      ({ event }) => event,
    );
    const kept = [...seen.keys()].toSorted(compareTexts).slice(0, eventNamesMax);
    const times = all.map(({ firstNs }) => firstNs).toSorted((a, b) => Number(a - b));
    const received = all.map(({ seenNs }) => seenNs).toSorted((a, b) => Number(a - b));
    const extremes = (event: string) => {
      const of = (seen.get(event) ?? []).map(({ receivedFirstNs }) => receivedFirstNs);
      if (of.includes(undefined)) return [undefined, undefined];
      const sorted = of.toSorted((a, b) => Number(a) - Number(b));
      return [sorted[0], sorted.at(-1)];
    };
    const ids = all.flatMap(({ externalId }) => externalId ?? []).toSorted(compareTexts);
    expect({ seed, ...mergedAtRandom(all, (below) => random.int(below)) }).toEqual({
      seed,
      appId: "a",
      messageId: "m",
      events: kept.map((event) => {
        const of = (seen.get(event) ?? []).map(({ firstNs }) => firstNs);
        const sorted = of.toSorted((a, b) => Number(a - b));
        return {
          event,
          firstNs: sorted[0] ?? 0n,
          lastNs: sorted.at(-1) ?? 0n,
          receivedFirstNs: extremes(event)[0],
          receivedLastNs: extremes(event)[1],
          count: of.length,
        };
      }),
      total: all.length,
      firstNs: times[0] ?? 0n,
      lastNs: times.at(-1) ?? 0n,
      externalId: ids[0],
      seenNs: received[0] ?? 0n,
      touchedNs: received.at(-1) ?? 0n,
    });
  }
});

test("texts compare by their UTF-8 bytes, like in the store", () => {
  const texts = ["", "a", "A", "ab", "é", "z", "￿", "😀", "a😀", "a￿", "\u{10ffff}", "\u{e000}"];
  const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(texts.toReversed().toSorted(compareTexts)).toEqual(byBytes);
});

describe("state", () => {
  const app = (expected: string[], deadlineMs?: number): AppSettings => ({
    appId: "a",
    expected,
    deadlineMs,
    retentionMs: undefined,
  });
  const half = mergeLifecycles(one("sent", 1_000_000_000n), one("other", 5_000_000_000n));

  test.each([
    ["no app", undefined, 10n ** 18n, "open", []],
    ["an app that expects nothing, deadline or not", app([], 1), 10n ** 18n, "open", []],
    ["all seen", app(["sent", "other"], 1), 10n ** 18n, "complete", []],
    ["no deadline", app(["read", "sent", "answered"]), 10n ** 18n, "open", ["read", "answered"]],
    ["before it", app(["read", "sent"], 1500), 2_499_999_999n, "open", ["read"]],
    [
      "at it, counted from the first event",
      app(["read"], 1500),
      2_500_000_000n,
      "overdue",
      ["read"],
    ],
  ] as const)("%s", (_, settings, nowNs, state, missing) => {
    const given = settings === undefined ? undefined : settings;
    expect(showLifecycle(half, given, nowNs)).toMatchObject({ state, missing });
  });
});
