import { expect, test } from "bun:test";
import { openPeer } from "../../test/support/socket-peer.ts";
import { until } from "../../test/support/until.ts";
import type { ClientSocket } from "./sockets.ts";

/** A socket whose messages are handled as far as a test says. */
function openHeld() {
  const handling: PromiseWithResolvers<void>[] = [];
  let client: ClientSocket | undefined;
  const { peer, receiving } = openPeer((socket) => {
    client = socket;
    return {
      message(message) {
        if (message === "quick") return undefined;
        const held = Promise.withResolvers<void>();
        handling.push(held);
        return held.promise;
      },
      drained() {},
      closed() {},
    };
  });
  const say = (message: string) => peer.events?.message(message);
  /** Ends the handling of one; resolves once so many bytes are counted. */
  const end = async (at: number, bytes: number) => {
    handling[at]?.resolve();
    const isThere = () => Promise.resolve(receiving.bytes === bytes);
    await until(`${bytes} bytes`, 5000, isThere);
  };
  return { say, end, peer, receiving, handling, client };
}

const [first, second] = ["a".repeat(1000), "b".repeat(300)];

test("a message that is read in turns is counted until it has been read, as are those that wait for it", async () => {
  const { say, end, receiving, handling } = openHeld();
  say("quick");
  expect(receiving.bytes).toBe(0);
  say(first);
  expect(receiving.bytes).toBe(1000);
  say(second);
  say("quick");
  expect(receiving.bytes).toBe(1305);
  await end(0, 305);
  // The second no longer waits, and is not read yet.
  expect(handling).toHaveLength(2);
  await end(1, 0);
  say("quick");
  expect(receiving.bytes).toBe(0);
});

test("a socket that closes meanwhile gives back what waits at once, and the rest when that has been read", async () => {
  const { say, end, peer, client, receiving } = openHeld();
  say(first);
  say(second);
  client?.close(1008, "enough");
  expect([peer.closedWith, receiving.bytes]).toEqual([1008, 1000]);
  await end(0, 0);

  const other = openHeld();
  other.say(first);
  other.say(second);
  await other.end(0, 300);
  expect(other.handling).toHaveLength(2);
  other.peer.terminate();
  expect(other.receiving.bytes).toBe(300);
  await other.end(1, 0);
});
