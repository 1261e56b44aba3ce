// Messages of a WebSocket, whatever their bytes: each that has a ref is answered under it, or the socket
// is closed with a code. Nothing throws.

import { expect, test } from "bun:test";
import { Turns } from "../../src/core/budget/turn.ts";
import { LiveSocket } from "../../src/http/live-socket.ts";
import { isQuickToParse } from "../../src/http/ws-messages.ts";
import { receive, type Received, receiveInTurns } from "../../src/http/ws-received.ts";
import { openPeer } from "../support/socket-peer.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";
import { requireLinear } from "./linear.ts";

const texts = [
  "op",
  "ref",
  "ping",
  "publish",
  "subscribe",
  "\u0000",
  "é",
  "\ud800",
  '"',
  "\\",
  "x",
];

function value(random: FuzzRandom, depth = 0): unknown {
  const kind = random.int(depth > 3 ? 6 : 9);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.pick([0, -0, 1, -1, 1.5, 1e300, 2 ** 53, 2 ** 53 - 1]);
  if (kind < 6) return random.text(texts, 6);
  if (kind === 6) return random.list(4, () => value(random, depth + 1));
  return Object.fromEntries(
    random.list(4, () => [random.text(texts, 3), value(random, depth + 1)]),
  );
}

function message(random: FuzzRandom): string {
  if (random.chance(0.1)) return random.text(["{", "}", "[", "]", ",", ":", '"', ...texts], 30);
  const known = {
    op: random.pick(["ping", "publish", "subscribe", "unsubscribe", "shout", value(random)]),
    ref: random.pick([random.int(1000), random.text(texts, 10), value(random)]),
    topic: random.pick(["t", undefined, value(random)]),
    events: random.pick([[1], [{}], value(random)]),
    after: random.pick([undefined, "earliest", value(random)]),
  };
  const text = JSON.stringify(random.chance(0.1) ? value(random) : known);
  if (random.chance(0.7)) return text;
  const bytes = damaged(random, new TextEncoder().encode(text));
  // The engine refuses frames of text that are not UTF-8.
  return new TextDecoder().decode(bytes);
}

/** The ref that a reader of the whole message finds. */
function expectedRef(text: string): unknown {
  try {
    const ref: unknown = JSON.parse(text)?.ref;
    if (typeof ref === "string") return ref.length <= 100 ? ref : undefined;
    return Number.isSafeInteger(ref) ? ref : undefined;
  } catch {
    return undefined;
  }
}

fuzz("messages of a socket are answered under their ref", { cases: 2000 }, async (random) => {
  const { peer } = openPeer((socket) => new LiveSocket(socket));
  for (const text of random.list(20, () => message(random))) {
    const before = peer.sent.length;
    peer.events?.message(text);
    while (peer.sent.length === before) await new Promise((resolve) => setImmediate(resolve));
    const answer = JSON.parse(peer.sent.at(-1) ?? "");
    expect(["pong", "error"]).toContain(answer.op);
    const ref = isObject(text) ? expectedRef(text) : undefined;
    // JSON has no negative zero.
    expect(answer.ref).toEqual(ref === 0 ? 0 : ref);
    if (answer.op === "error") expect(answer.problem.code).toBeString();
  }
});

fuzz(
  "any number of messages is answered, or the socket is closed",
  { cases: 50 },
  async (random) => {
    const { peer } = openPeer((socket) => new LiveSocket(socket));
    const count = random.int(5000);
    const text = random.pick(['{"op":"ping","ref":1}', "{}", "x"]);
    for (let i = 0; i < count; i++) peer.events?.message(text);
    const deadlineMs = performance.now() + 5000;
    while (peer.closedWith === undefined && peer.sent.length < count) {
      expect(performance.now()).toBeLessThan(deadlineMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (peer.closedWith !== undefined) expect([1008, 4029]).toContain(peer.closedWith);
  },
);

fuzz("a message is the same read at once and read in turns", { cases: 5000 }, async (random) => {
  const text = message(random).toWellFormed();
  const turn = new Turns().open();
  expect(comparable(await receiveInTurns(text, turn))).toEqual(comparable(receive(text)));
});

/** Why a message cannot be used is worded differently. */
function comparable(received: Received): unknown {
  if ("failure" in received) return { code: received.failure.code, ref: received.ref };
  const events = received.events.map((event) => new TextDecoder().decode(event));
  // Of a publish its `events` are shown once, as text.
  return { ...received.message, events };
}

test("reading a message takes time in proportion to it", async () => {
  const turns = new Turns();
  for (const [name, part] of [
    ["elements", "0,"],
    ["brackets", "[],"],
    ["escapes", '"\\\\",'],
    ["members", '{"a":1},'],
  ] as const) {
    const inputOf = (size: number) => `{"op":"nothing","ref":1,"events":[${part.repeat(size)}0]}`;
    const run = async (text: string) => {
      expect(await receiveInTurns(text, turns.open())).toMatchObject({ ref: 1 });
    };
    await requireLinear({ name, inputOf, run });
  }
});

test("a message that takes long to parse is not read in one piece", () => {
  for (const text of ["[".repeat(5000), "0,".repeat(5000), `"${"x".repeat(100_000)}"`]) {
    expect(isQuickToParse(text)).toBe(false);
  }
  expect(isQuickToParse(`"${"x".repeat(60_000)}"`)).toBe(true);
});

function isObject(text: string): boolean {
  try {
    const given: unknown = JSON.parse(text);
    return typeof given === "object" && given !== null && !Array.isArray(given);
  } catch {
    return false;
  }
}
