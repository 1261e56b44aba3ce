import { expect, test } from "bun:test";
import { startEmittersNode } from "../../../test/support/emitters-node.ts";
import { withStore } from "../../../test/support/store-rig.ts";
import { until } from "../../../test/support/until.ts";
import { allNames, type GrantedNames } from "../../core/access/grant.ts";
import { systemClock as clock } from "../../core/clock.ts";
import { emittersTopic as topic } from "../../core/emitters.ts";
import { endType, jsonType, type LogRecord, type StoredRecord } from "../../core/record.ts";
import { defaultTopicSettings } from "../../core/topic.ts";
import { MemoryBroker } from "../../log/memory/memory-broker.ts";
import { createMemoryLog } from "../../log/memory/memory-log.ts";

const external = { source: "external" } as const;

function event(n: number): LogRecord {
  const value = new TextEncoder().encode(JSON.stringify({ n }));
  return { value, key: "", contentType: jsonType, schemaId: 0, timeNs: BigInt(n) };
}

function numbers(events: readonly StoredRecord[]): number[] {
  return events.map(({ record }) => JSON.parse(new TextDecoder().decode(record.value)).n);
}

test("an emitter is created once under its id; a differing field is named", async () => {
  await withStore(async (rig) => {
    await using node = await startEmittersNode(rig, createMemoryLog({ clock }), "a");
    const { emitters } = node;
    const made = await emitters.create({ id: "x", ...external });
    expect(made).toMatchObject({
      created: true,
      emitter: { id: "x", source: "external", rate: 0 },
    });
    expect(await emitters.create({ id: "x", ...external })).toMatchObject({ created: false });
    const guest = emitters.create({ id: "x" });
    await expect(guest).rejects.toMatchObject({ code: "conflict", errors: [{ field: "/source" }] });
    await emitters.create({ id: "g", rate: 3 });
    const faster = emitters.create({ id: "g", rate: 4 });
    await expect(faster).rejects.toMatchObject({ code: "conflict", errors: [{ field: "/rate" }] });
    await expect(faster).rejects.toThrow("it exists with 3");
    const named = await Promise.all([1, 2, 3].map(() => emitters.create(external)));
    for (const { emitter } of named) expect(emitter.id).toMatch(/^[0-9a-z]{12}$/);
    const once = await Promise.all([1, 2, 3].map(() => emitters.create({ id: "y", ...external })));
    expect(once.filter((one) => one.created).length).toBe(1);
  });
});

test("a bad request is refused by its field", async () => {
  await withStore(async (rig) => {
    await using node = await startEmittersNode(rig, createMemoryLog({ clock }), "a");
    for (const [request, field] of [
      [{ id: "a b" }, "id"],
      [{ id: "x\r\ny" }, "id"],
      [{ rate: 0 }, "/rate"],
      [{ rate: 1001 }, "/rate"],
      [{ rate: Number.NaN }, "/rate"],
      [{ rate: 2, ...external }, "/rate"],
    ] as const) {
      const refused = node.emitters.create(request);
      await expect(refused).rejects.toMatchObject({ code: "invalid", errors: [{ field }] });
    }
    await expect(node.emitters.get("nobody")).rejects.toMatchObject({ code: "not_found" });
    await expect(node.append("nobody", [event(1)])).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

test("a page shows what was acknowledged before it, on every node", async () => {
  await withStore(async (rig) => {
    const broker = new MemoryBroker();
    await using a = await startEmittersNode(rig, createMemoryLog({ clock, broker }), "a");
    await using b = await startEmittersNode(rig, createMemoryLog({ clock, broker }), "b");
    await a.emitters.create({ id: "x", ...external });
    for (let n = 1; n <= 300; n++) {
      const { last } = await a.append("x", [event(n)]);
      const page = await b.emitters.page("x", { limit: 3 });
      expect(numbers(page.events).at(-1)).toBe(n);
      expect(page.events.at(-1)?.position).toEqual(last);
      if (n % 50 === 0) await Bun.sleep(60);
    }
    expect(await b.emitters.tailStart("x", 0)).toEqual(
      (await b.emitters.page("x", { limit: 1 })).events[0]?.position ?? "earliest",
    );
    const seen: number[] = [];
    for (let page = await b.emitters.page("x", { after: "earliest", limit: 77 }); ;) {
      seen.push(...numbers(page.events));
      if (page.next === null) break;
      page = await b.emitters.page("x", { after: page.next, limit: 77 });
    }
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  });
}, 20_000);

test("an end is final, seen on other nodes within a second, and the last record of its key", async () => {
  await withStore(async (rig) => {
    const broker = new MemoryBroker();
    const log = createMemoryLog({ clock, broker });
    await using a = await startEmittersNode(rig, log, "a");
    await using b = await startEmittersNode(rig, createMemoryLog({ clock, broker }), "b");
    // Both have their leases: an end waits for the other nodes.
    await until("both leases", 5000, async () => (await rig.leases.nodes()) === 2);
    await a.emitters.create({ id: "x", ...external });
    await b.append("x", [event(1)]);
    let accepted = 1;
    let refused: unknown;
    const writing = (async () => {
      while (refused === undefined) {
        await b.append("x", [event(++accepted)]).catch((error: unknown) => (refused = error));
        await Bun.sleep(5);
      }
    })();
    const since = performance.now();
    const ended = await a.emitters.end("x");
    await writing;
    expect(performance.now() - since).toBeLessThan(3000);
    expect(refused).toMatchObject({ code: "ended" });
    expect(ended.endedMs).toBeNumber();
    expect(await a.emitters.end("x")).toMatchObject({ id: "x", end: ended.end });
    expect(await b.emitters.end("x")).toMatchObject({ id: "x", end: ended.end });
    await expect(a.append("x", [event(0)])).rejects.toMatchObject({ code: "ended" });
    const again = a.emitters.create({ id: "x", ...external });
    await expect(again).rejects.toMatchObject({ code: "conflict", errors: [{ code: "ended" }] });
    await expect(a.emitters.end("nobody")).rejects.toMatchObject({ code: "not_found" });

    const { start, end } = await log.bounds(topic);
    const all: StoredRecord[] = [];
    for await (const { records } of log.read(topic, { after: start, until: end })) {
      all.push(...records);
    }
    expect(all.map(({ record }) => record.contentType).indexOf(endType)).toBe(all.length - 1);
    const page = await b.emitters.page("x", { limit: 1000 });
    expect(page.events.length).toBe(all.length - 1);
    expect(page.next).toBeNull();
    expect((await b.emitters.list({ limit: 10 }, allNames)).emitters).toEqual([]);
    expect((await b.emitters.list({ limit: 10, ended: true }, allNames)).emitters.length).toBe(1);
  });
}, 15_000);

test("an end is finished by another node when its own dies in between", async () => {
  await withStore(async (rig) => {
    await using node = await startEmittersNode(rig, createMemoryLog({ clock }), "a");
    await node.emitters.create({ id: "x", ...external });
    await rig.store.end("x");
    await rig.database.sql`update emitters set ended_at = now() - interval '6 s'`;
    await until("the end record", 8000, async () => (await rig.store.get("x"))?.end !== undefined);
  });
}, 15_000);

test("the projection marks an emitter as ended on its own", async () => {
  await withStore(async (rig) => {
    const log = createMemoryLog({ clock });
    await log.create(topic, defaultTopicSettings);
    await rig.store.create({ id: "x", source: "external", rate: 0 }, undefined);
    await using _node = await startEmittersNode(rig, log, "a");
    const ended = await log.append(topic, [{ ...event(1), key: "x", contentType: endType }]);
    await until("the end", 5000, async () => (await rig.store.get("x"))?.endedMs !== undefined);
    expect((await rig.store.get("x"))?.end).toEqual(ended.first);
  });
});

test("the list continues where it stopped", async () => {
  await withStore(async (rig) => {
    await using node = await startEmittersNode(rig, createMemoryLog({ clock }), "a");
    for (const id of ["c", "a", "e", "b", "d"]) await node.emitters.create({ id, ...external });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const part = await node.emitters.list({ after, limit: 2 }, allNames);
      seen.push(...part.emitters.map((emitter) => emitter.id));
      after = part.next ?? undefined;
    } while (after !== undefined);
    expect(seen).toEqual(["a", "b", "c", "d", "e"]);
  });
});

test("the list has the ids of a caller's grants, and its pages are full of them", async () => {
  await withStore(async (rig) => {
    await using node = await startEmittersNode(rig, createMemoryLog({ clock }), "a");
    const ids = ["a1", "b1", "b2", "c1", "d1"];
    for (const id of ids) await node.emitters.create({ id, ...external });
    const list = async (names: GrantedNames, after?: string) => {
      const { emitters, next } = await node.emitters.list({ limit: 2, after }, names);
      return [emitters.map(({ id }) => id), next];
    };
    const some = { exact: ["d1", "nobody"], starts: ["b"] };
    expect(await list(some)).toEqual([["b1", "b2"], "b2"]);
    expect(await list(some, "b2")).toEqual([["d1"], null]);
    expect(await list({ exact: [], starts: [] })).toEqual([[], null]);
  });
});

test("the list finds a part of the ids, in upper or lower case, and takes any text", async () => {
  await withStore(async (rig) => {
    await using node = await startEmittersNode(rig, createMemoryLog({ clock }), "a");
    const ids = ["web-1", "old.WEB-2", "db_1"];
    for (const id of ids) await node.emitters.create({ id, ...external });
    await node.emitters.end("web-1");
    const found = async (q: string, ended = false) => {
      const { emitters } = await node.emitters.list({ limit: 10, q, ended }, allNames);
      return emitters.map(({ id }) => id);
    };
    expect(await found("Web-")).toEqual(["old.WEB-2"]);
    expect(await found("web-", true)).toEqual(["old.WEB-2", "web-1"]);
    expect(await found("_")).toEqual(["db_1"]);
    expect(await found("")).toHaveLength(2);
    for (const none of ["%", "\0", "\ud800", "ö", "web-1"]) expect(await found(none)).toEqual([]);
  });
});

test("the hot path queries the store once", async () => {
  await withStore(async (rig) => {
    let asked = 0;
    const store = { ...rig.store, get: (id: string) => (asked++, rig.store.get(id)) };
    await rig.store.create({ id: "x", source: "external", rate: 0 }, undefined);
    await using node = await startEmittersNode({ ...rig, store }, createMemoryLog({ clock }), "a");
    await Promise.all([1, 2, 3].map(() => node.emitters.get("x")));
    for (let n = 0; n < 100; n++) await node.append("x", [event(n)]);
    expect(asked).toBe(1);
    const stats = async () => (await node.emitters.stats("x")).events;
    await until("100 events in the stats", 5000, async () => (await stats()) === 100);
  });
});
