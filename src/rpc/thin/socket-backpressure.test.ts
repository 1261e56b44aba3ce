import { expect, test } from "bun:test";
import type { ServerHttp2Stream } from "node:http2";
import { Portion } from "../../core/access/portion.ts";
import { Turns } from "../../core/budget/turn.ts";
import { InFlight } from "../../ingest/in-flight.ts";
import { SocketBackpressure } from "./socket-backpressure.ts";

/** What the class needs of a socket: its handle, behind each of its streams. */
function openSocket() {
  const socket = { isPaused: false, stream: {} as ServerHttp2Stream };
  const handle = {
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  socket.stream = { session: { socket: { _handle: handle } } } as unknown as ServerHttp2Stream;
  return socket;
}

function setUp() {
  const inFlight = new InFlight(300);
  const turns = new Turns();
  return { inFlight, turns, backpressure: new SocketBackpressure(inFlight, turns) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("all sockets of a caller with all that it may have are paused, and no others", async () => {
  const { inFlight, backpressure } = setUp();
  const [greedy, other] = [new Portion(), new Portion()];
  const sockets = [openSocket(), openSocket(), openSocket(), openSocket()] as const;
  const paused = () => sockets.map(({ isPaused }) => isPaused);
  const [one, , third] = [greedy, greedy, other].map((portion, i) =>
    backpressure.enter((sockets[i] ?? sockets[0]).stream, portion),
  );
  inFlight.add(199, greedy);
  one?.check();
  expect(paused()).toEqual([false, false, false, false]);
  inFlight.add(1, greedy);
  one?.check();
  third?.check();
  expect(paused()).toEqual([true, true, false, false]);
  // A call that begins meanwhile waits as well.
  backpressure.enter(sockets[3].stream, greedy);
  expect(paused()).toEqual([true, true, false, true]);
  inFlight.release(50, greedy);
  await settled();
  expect(paused()).toEqual([false, false, false, false]);
});

test("past the bound all are paused, until half of it is free", async () => {
  const { inFlight, backpressure } = setUp();
  const [greedy, other] = [new Portion(), new Portion()];
  const [first, second] = [openSocket(), openSocket()];
  const call = backpressure.enter(first.stream, greedy);
  const plain = backpressure.enter(second.stream, undefined);
  inFlight.add(10, other);
  inFlight.add(200, greedy);
  call.check();
  inFlight.add(150);
  plain.check();
  expect([first.isPaused, second.isPaused]).toEqual([true, true]);
  inFlight.release(150);
  inFlight.release(10, other);
  await settled();
  expect([first.isPaused, second.isPaused]).toEqual([true, true]);
  inFlight.release(50, greedy);
  await settled();
  expect([first.isPaused, second.isPaused]).toEqual([false, false]);
});

test("a socket with calls of several callers waits for the greediest, until that has left", () => {
  const { inFlight, backpressure } = setUp();
  const [greedy, other] = [new Portion(), new Portion()];
  const proxy = openSocket();
  const patient = backpressure.enter(proxy.stream, other);
  const calls = [1, 2].map(() => backpressure.enter(proxy.stream, greedy));
  inFlight.add(200, greedy);
  calls[0]?.check();
  expect(proxy.isPaused).toBe(true);
  calls[0]?.leave();
  expect(proxy.isPaused).toBe(true);
  calls[1]?.leave();
  expect(proxy.isPaused).toBe(false);
  // Its own turn still holds it.
  patient.pause();
  const late = backpressure.enter(proxy.stream, greedy);
  late.leave();
  expect(proxy.isPaused).toBe(true);
  patient.resume();
  patient.leave();
  expect(proxy.isPaused).toBe(false);
});

test("what a chunk takes beyond its socket's share of a round counts for the rounds that follow", async () => {
  const { backpressure } = setUp();
  const [heavy, light] = [openSocket(), openSocket()].map(({ stream }) =>
    backpressure.enter(stream, undefined),
  );
  expect([heavy?.isBehind(false), light?.isBehind(false)]).toEqual([false, false]);
  heavy?.spend(14);
  light?.spend(3);
  const behind: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    behind.push([heavy?.isBehind(false), light?.isBehind(false)]);
    await settled();
  }
  expect(behind).toEqual([
    [true, true],
    [true, false],
    [true, false],
    [false, false],
  ]);
});

test("compressed chunks of all sockets have one share of a round, if no other work waits", async () => {
  const { turns, backpressure } = setUp();
  const [one, other] = [openSocket(), openSocket()].map(({ stream }) =>
    backpressure.enter(stream, undefined),
  );
  expect(one?.isBehind(true)).toBe(false);
  one?.spend(5);
  expect([other?.isBehind(true), other?.isBehind(false)]).toEqual([true, false]);
  await settled();
  expect(other?.isBehind(true)).toBe(false);
  // Spent at the beginning of a round, before anybody has asked.
  await settled();
  one?.spend(5);
  expect(other?.isBehind(true)).toBe(true);
  await settled();
  const work = turns.goOn().next();
  expect([other?.isBehind(true), other?.isBehind(false)]).toEqual([true, false]);
  await work;
  await settled();
  expect(other?.isBehind(true)).toBe(false);
});
