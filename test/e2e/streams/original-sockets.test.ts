/** The original streaming demo over WebSocket. */

import { describe, expect, test } from "bun:test";
import { ask, post } from "../../support/http.ts";
import { pause } from "../../support/until.ts";
import { seedRig } from "./original-rig.ts";

const rig = seedRig();

describe("WS /echo", () => {
  test("returns what it receives, text as text and bytes as bytes, in order", async () => {
    const ws = await rig.talk("/echo");
    ws.socket.binaryType = "arraybuffer";
    const long = "ü".repeat(100_000);
    for (const text of ["hello", "", "{}", long]) {
      ws.say(text);
      expect(await ws.nextText()).toBe(text);
    }
    ws.socket.send(new Uint8Array([0, 255, 10]));
    expect(await ws.nextText()).toBe("\u0000\u00ff\n");
    for (let i = 0; i < 100; i++) ws.say(String(i));
    for (let i = 0; i < 100; i++) expect(await ws.nextText()).toBe(String(i));
    ws.socket.close(1000);
    expect(await ws.closed).toMatchObject({ code: 1000 });
  });
});

describe("WS /v1/ws", () => {
  test("many subscriptions and publishes on one socket", async () => {
    const [a, b] = [await rig.external(), await rig.external()];
    const topic = `ws-${a}`;
    const ws = await rig.talk();
    for (const emitter of [a, b]) ws.say({ op: "subscribe", emitter, ref: `s-${emitter}` });
    const confirmed = [await ws.next(), await ws.next()];
    expect(confirmed.map(({ op, emitter, ref }) => ({ op, emitter, ref }))).toEqual(
      expect.arrayContaining(
        [a, b].map((emitter) => ({ op: "subscribed", emitter, ref: `s-${emitter}` })),
      ),
    );
    ws.say({ op: "publish", emitter: a, events: [{ n: 1 }, { n: 2 }], ref: 1 });
    ws.say({ op: "publish", topic, key: "k", events: ["x"], ref: 2 });
    const got: Record<string, unknown>[] = [];
    while (got.length < 3) got.push(await ws.next());
    const events = got.filter(({ op }) => op === "events");
    expect(events).toEqual([
      {
        op: "events",
        emitter: a,
        events: [
          expect.objectContaining({ data: { n: 1 } }),
          expect.objectContaining({ data: { n: 2 } }),
        ],
        position: expect.any(String),
      },
    ]);
    expect(got.find(({ ref }) => ref === 1)).toEqual({
      op: "accepted",
      accepted: 2,
      position: events[0]?.["position"],
      refused: [],
      ref: 1,
    });
    expect(got.find(({ ref }) => ref === 2)).toMatchObject({ op: "accepted", accepted: 1 });

    ws.say({ op: "subscribe", topic, key: "k", after: "earliest" });
    expect(await ws.next()).toMatchObject({ op: "subscribed", topic, key: "k" });
    expect(await ws.next()).toMatchObject({
      op: "events",
      topic,
      key: "k",
      events: [{ key: "k", data: "x" }],
    });

    ws.say({ op: "unsubscribe", emitter: a, ref: 3 });
    expect(await ws.nextThat(({ ref }) => ref === 3)).toEqual({
      op: "unsubscribed",
      emitter: a,
      ref: 3,
    });
    await post(`${rig.url}/log/${a}`, { n: 3 });
    await post(`${rig.url}/log/${b}`, { n: 4 });
    expect(
      await ws.nextThat(({ op, events }) => op === "events" && events.length > 0),
    ).toMatchObject({ emitter: b, events: [{ data: { n: 4 } }] });
  });

  test("resumes from a position of any protocol", async () => {
    const id = await rig.external();
    await post(`${rig.url}/log/${id}`, [1, 2, 3, 4]);
    const page = (await ask("GET", `${rig.url}/log/${id}`)).json;
    const ws = await rig.talk();
    const replayed = async (start: Record<string, unknown>, count: number) => {
      ws.say({ op: "subscribe", emitter: id, ...start });
      const values: unknown[] = [];
      while (values.length < count) {
        const { op, events } = await ws.next();
        if (op === "events") values.push(...events.map(({ data }: { data: unknown }) => data));
      }
      ws.say({ op: "unsubscribe", emitter: id });
      await ws.nextThat(({ op }) => op === "unsubscribed");
      return values;
    };
    expect(await replayed({ after: page.events[1].position }, 2)).toEqual([3, 4]);
    expect(await replayed({ after: "earliest" }, 4)).toEqual([1, 2, 3, 4]);
    expect(await replayed({ tail: 1 }, 1)).toEqual([4]);
  });

  test("a publish with a dedup id is stored once", async () => {
    const id = await rig.external();
    const ws = await rig.talk();
    const answers: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      ws.say({ op: "publish", emitter: id, events: [1], dedup_id: `d-${id}` });
      answers.push(await ws.next());
    }
    expect(answers[0]).toEqual(answers[1]);
    expect((await ask("GET", `${rig.url}/log/${id}`)).json.events).toHaveLength(1);
  });

  test("heartbeats move the position of a silent subscription", async () => {
    const [id, other] = [await rig.external(), await rig.external()];
    const ws = await rig.talk();
    ws.say({ op: "subscribe", emitter: id });
    const { position } = await ws.next();
    await post(`${rig.url}/log/${other}`, { n: 1 });
    const beat = await ws.next(8000);
    expect(beat).toMatchObject({ op: "events", emitter: id, events: [] });
    expect(beat.position > position).toBe(true);
  });

  test("answers pings, and invalid messages with a problem without closing the socket", async () => {
    const id = await rig.external();
    const ws = await rig.talk();
    ws.say({ op: "ping", ref: 7 });
    expect(await ws.next()).toEqual({ op: "pong", ref: 7 });
    const bad: readonly [message: unknown, code: string, about: string][] = [
      ["{", "invalid", "JSON"],
      ["[]", "invalid", "expected an object"],
      [{ op: "dance" }, "invalid", "/op"],
      [{ op: "subscribe" }, "invalid", "topic, emitter"],
      [{ op: "subscribe", emitter: id, topic: "t" }, "invalid", "emitter beside topic"],
      [{ op: "subscribe", emitter: "never-made" }, "not_found", "never-made"],
      [{ op: "subscribe", topic: "never-made" }, "not_found", "never-made"],
      [{ op: "subscribe", emitter: "a/b" }, "invalid", "emitter"],
      [{ op: "subscribe", emitter: id, after: "7x" }, "invalid_position", "7x"],
      [{ op: "subscribe", emitter: id, tail: -1 }, "invalid", "/tail"],
      [{ op: "subscribe", emitter: id, surplus: 1 }, "invalid", "surplus"],
      [{ op: "publish", emitter: id }, "invalid", "/events"],
      [{ op: "publish", emitter: id, events: [] }, "invalid", "/events"],
      [{ op: "publish", topic: "emitters", events: [1] }, "forbidden", "emitters"],
      [{ op: "publish", topic: "a b", events: [1] }, "invalid", "topic"],
    ];
    for (const [message, code, about] of bad) {
      ws.say(message);
      const { op, problem } = await ws.next();
      expect([message, op, problem.code]).toEqual([message, "error", code]);
      expect(problem.detail).toContain(about);
      expect(problem.status).toBeWithin(400, 500);
    }
    // The answer has the client's ref, also for a request that is not valid.
    ws.say({ op: "publish", ref: 3, emitter: id, data: {} });
    expect(await ws.next()).toMatchObject({ op: "error", ref: 3, problem: { code: "invalid" } });
    ws.say({ op: "dance", ref: "x" });
    expect(await ws.next()).toMatchObject({ op: "error", ref: "x" });
    ws.say({ op: "ping", ref: {} });
    expect(await ws.next()).not.toHaveProperty("ref");
    ws.socket.send(new Uint8Array([1, 2, 3]));
    expect((await ws.next()).problem).toMatchObject({
      code: "invalid",
      detail: expect.stringContaining("binary"),
    });
    ws.say({ op: "subscribe", emitter: id });
    expect(await ws.next()).toMatchObject({ op: "subscribed" });
    ws.say({ op: "subscribe", emitter: id, ref: "again" });
    expect(await ws.next()).toMatchObject({
      op: "error",
      ref: "again",
      problem: { code: "conflict" },
    });
    await pause(50);
    await post(`${rig.url}/log/${id}`, { n: 1 });
    expect(await ws.next()).toMatchObject({ op: "events", events: [{ data: { n: 1 } }] });
  });

  test("a socket of a page of another site is refused", async () => {
    const handshake = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const foreign = await rig.follow(`${rig.url}/v1/ws`, {
      headers: { ...handshake, origin: "https://elsewhere.example" },
    });
    expect(foreign.status).toBe(403);
    const own = await rig.follow(`${rig.url}/v1/ws`, {
      headers: { ...handshake, origin: rig.url },
    });
    expect(own.status).toBe(101);
  });
});
