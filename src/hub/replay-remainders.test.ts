import { expect, test } from "bun:test";
import { Share } from "../core/budget/memory.ts";
import { Turns } from "../core/budget/turn.ts";
import { systemClock } from "../core/clock.ts";
import { silent } from "../core/logger.ts";
import type { Position } from "../core/position.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import { Channel } from "./channel.ts";
import { createHubCounts } from "./counts.ts";
import { Hub } from "./hub.ts";
import { Member } from "./member.ts";
import { defaultHubOptions } from "./options.ts";
import { ReplayRemainders } from "./replay-remainders.ts";
import type { Subscriber, Subscription } from "./subscriber.ts";

const at = (sequence: number): Position => ({ epoch: 1, sequence, index: 0 });
const ignored = () => {};
const host = { flushed: at(0), stall: ignored, resume: ignored, leave: ignored };
const deaf: Subscriber = { deliver: () => "sent", reset: () => "sent", end: ignored };

function memberAt(position: Position): Member {
  return new Member(host, new Channel("t", undefined, 0, createHubCounts()), deaf, position);
}

test("a remainder goes to its member once, where that has not moved", () => {
  const remainders = new ReplayRemainders();
  const member = memberAt(at(3));
  const remainder = { after: at(3), records: [], through: at(5) };
  remainders.keep(member, remainder);
  expect(remainders.take(memberAt(at(3)), at(9))).toBeUndefined();
  expect(remainders.take(member, at(9))).toBe(remainder);
  expect(remainders.take(member, at(9))).toBeUndefined();
});

test("a member that moved otherwise gets none", () => {
  const remainders = new ReplayRemainders();
  const member = memberAt(at(3));
  remainders.keep(member, { after: at(3), records: [], through: at(5) });
  member.at = at(4);
  expect(remainders.take(member, at(9))).toBeUndefined();
});

test("nothing goes past what the node has flushed", () => {
  const remainders = new ReplayRemainders();
  const member = memberAt(at(3));
  remainders.keep(member, { after: at(3), records: [], through: at(5) });
  expect(remainders.take(member, at(4))).toBeUndefined();
});

test("they are bounded: the oldest are read again", () => {
  const remainders = new ReplayRemainders();
  const members = Array.from({ length: 65 }, () => memberAt(at(3)));
  for (const member of members) {
    remainders.keep(member, { after: at(3), records: [], through: at(5) });
  }
  const kept = members.filter((member) => remainders.take(member, at(5)) !== undefined);
  expect(kept).toEqual(members.slice(1));
});

test("a sink that takes little at a time has the log read once", async () => {
  const log = createMemoryLog({ clock: systemClock });
  await log.create("t", defaultTopicSettings);
  const value = new Uint8Array(10_000);
  const record = { value, key: "", contentType: "text/plain", schemaId: 0, timeNs: 0n };
  const forty = Array.from({ length: 40 }, () => record);
  for (let i = 0; i < 10; i++) {
    await log.append("t", forty);
  }
  const { end } = await log.bounds("t");
  let read = 0;
  const readOn = log.read.bind(log);
  log.read = async function* (...args) {
    for await (const batch of readOn(...args)) {
      read += batch.records.length;
      yield batch;
    }
  };
  const options = { ...defaultHubOptions, windowBytes: 0 };
  const windows = new Share("windows", options.windowBytes);
  const hub = new Hub({
    log,
    clock: systemClock,
    logger: silent,
    options,
    windows,
    turns: new Turns(),
  });
  const sequences: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const subscribed: Subscription[] = [];
  const slow: Subscriber = {
    deliver(chunk) {
      sequences.push(...chunk.records.map(({ position }) => position.sequence));
      if (chunk.through.sequence === end.sequence) resolve();
      setTimeout(() => subscribed[0]?.drained());
      return "queued";
    },
    reset: () => "sent",
    end: ignored,
  };
  subscribed.push(await hub.subscribe("t", undefined, "earliest", slow));
  subscribed[0]?.drained();
  await promise;
  expect(sequences).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
  // Each once, and what the feed itself reads at the topic's end.
  expect(read).toBeLessThanOrEqual(800);
  hub.close();
  await log.close();
});
