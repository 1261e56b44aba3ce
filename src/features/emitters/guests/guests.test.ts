import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { startEmittersNode } from "../../../../test/support/emitters-node.ts";
import { type StoreRig, withStore } from "../../../../test/support/store-rig.ts";
import { until } from "../../../../test/support/until.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { emittersTopic as topic } from "../../../core/emitters.ts";
import { Failure } from "../../../core/failure.ts";
import type { LogDriver } from "../../../core/log.ts";
import { silent as logger } from "../../../core/logger.ts";
import { jsonType, type StoredRecord } from "../../../core/record.ts";
import { MemoryBroker } from "../../../log/memory/memory-broker.ts";
import { createMemoryLog } from "../../../log/memory/memory-log.ts";
import { PostgresLog } from "../../../log/postgres/postgres-log.ts";

interface GuestEvent {
  readonly n: number;
  readonly timestamp: string;
}

async function eventsOf(
  log: LogDriver,
  id: string,
): Promise<(GuestEvent & { receivedMs: number })[]> {
  const { start, end } = await log.bounds(topic);
  const all: StoredRecord[] = [];
  for await (const { records } of log.read(topic, { after: start, until: end, key: id })) {
    all.push(...records);
  }
  return all
    .filter(({ record }) => record.contentType === jsonType)
    .map(({ record, receivedNs }) => ({
      ...JSON.parse(new TextDecoder().decode(record.value)),
      receivedMs: Number(receivedNs / 1_000_000n),
    }));
}

/** Waits until the nodes have their leases; before that guests have no node to run on. */
async function joined(rig: StoreRig, nodes: number): Promise<void> {
  await until("the leases", 5000, async () => (await rig.leases.nodes()) === nodes);
}

/** 1, 2, 3 and so on: none twice, none missing, in order. */
function expectWhole(events: readonly GuestEvent[]): void {
  expect(events.map((event) => event.n)).toEqual(events.map((_, i) => i + 1));
}

describe("guests", () => {
  test("start at once, keep their rate without drift, and stop when they end", async () => {
    await withStore(async (rig) => {
      const log = createMemoryLog({ clock });
      await using node = await startEmittersNode(rig, log, "a");
      await joined(rig, 1);
      const startedMs = Date.now();
      await node.emitters.create({ id: "fast", rate: 200 });
      await node.emitters.create({ id: "slow", rate: 2 });
      const since = Date.now();
      await Bun.sleep(2000);
      const ranMs = Date.now() - since;
      await node.emitters.end("fast");
      const tookMs = Date.now() - startedMs;
      const fast = await eventsOf(log, "fast");
      expectWhole(fast);
      expect(fast.length).toBeWithin(0.6 * 0.2 * ranMs, 0.2 * tookMs + 2);
      const slow = await eventsOf(log, "slow");
      expect(slow.length).toBeWithin(Math.floor(ranMs / 500) - 2, Math.floor(tookMs / 500) + 2);
      expect((slow[0]?.receivedMs ?? Infinity) - since).toBeLessThan(2000);
      const due = slow.map((event) => Date.parse(event.timestamp));
      expect(due.slice(1).map((ms, i) => ms - (due[i] ?? 0))).toEqual(due.slice(1).map(() => 500));
      await Bun.sleep(100);
      expect((await eventsOf(log, "fast")).length).toBe(fast.length);
      expect(node.emitters.status()).toMatchObject({ guests: 1, skipped: 0 });
    });
  });

  test("of a node that closes are taken over at once, and continue where they stopped", async () => {
    await withStore(async (rig) => {
      const broker = new MemoryBroker();
      const log = createMemoryLog({ clock, broker });
      await using a = await startEmittersNode(rig, log, "a");
      await using b = await startEmittersNode(rig, createMemoryLog({ clock, broker }), "b");
      await joined(rig, 2);
      for (let i = 0; i < 20; i++) await a.emitters.create({ id: `g${i}`, rate: 20 });
      // What others write into a guest's stream is not mistaken for its own lines.
      const value = new TextEncoder().encode('{"n":999}');
      const foreign = { value, key: "", contentType: jsonType, schemaId: 0, timeNs: 0n };
      await a.emitters.create({ id: "mixed", rate: 20 });
      await Bun.sleep(700);
      for (let i = 0; i < 12; i++) await a.append("mixed", [foreign]);
      await a.close();
      await Bun.sleep(2000);
      expect(b.emitters.status().guests).toBe(21);
      for (let i = 0; i < 20; i++) {
        const events = await eventsOf(log, `g${i}`);
        expectWhole(events);
        // 20/s for 2.7 s: what was missed in between was caught up with.
        expect(events.length).toBeGreaterThan(48);
      }
      const mixed = await eventsOf(log, "mixed");
      expectWhole(mixed.filter((event) => event.n !== 999));
    });
  }, 15_000);

  test("of a node that cannot renew its lease are stopped by it before another runs them", async () => {
    await withStore(async (rig) => {
      const broker = new MemoryBroker();
      const log = createMemoryLog({ clock, broker });
      let cut = false;
      let joins = 0;
      const leases = {
        ...rig.leases,
        renew: (node: string, ms: number) =>
          cut ? Promise.reject(new Failure("unavailable", "cut")) : rig.leases.renew(node, ms),
        async join(...given: Parameters<typeof rig.leases.join>) {
          const name = await rig.leases.join(...given);
          joins++;
          return name;
        },
      };
      await using a = await startEmittersNode({ ...rig, leases }, log, "a");
      await joined(rig, 1);
      for (let i = 0; i < 5; i++) await a.emitters.create({ id: `g${i}`, rate: 50 });
      await using b = await startEmittersNode(rig, createMemoryLog({ clock, broker }), "b");
      await Bun.sleep(500);
      cut = true;
      const since = performance.now();
      await until("all guests on the other node", 6000, () => b.emitters.status().guests === 5);
      expect(performance.now() - since).toBeLessThan(5000);
      await Bun.sleep(300);
      // It finds that its lease was spent, and rejoins under a new name.
      cut = false;
      await until("a second join", 3000, () => joins === 2);
      expect(a.emitters.status().guests).toBe(0);
      await a.emitters.create({ id: "again", rate: 50 });
      await Bun.sleep(1000);
      expect(a.emitters.status().guests).toBe(1);
      for (const id of ["g0", "g1", "g2", "g3", "g4", "again"]) {
        expectWhole(await eventsOf(log, id));
      }
    });
  }, 20_000);

  test("wait while the log is unavailable, catch up, and lose nothing within the bound", async () => {
    await withStore(async (rig) => {
      const log = createMemoryLog({ clock });
      const append = log.append.bind(log);
      let away = false;
      let lost = 0;
      log.append = async (...call) => {
        if (away) throw new Failure("unavailable", "away");
        const appended = await append(...call);
        // At times only the answer is lost, and the same batch is appended again.
        if (++lost % 5 === 0) throw new Failure("unavailable", "answer lost");
        return appended;
      };
      await using node = await startEmittersNode(rig, log, "a");
      await joined(rig, 1);
      const since = Date.now();
      await node.emitters.create({ id: "g", rate: 100 });
      await Bun.sleep(500);
      away = true;
      await Bun.sleep(1500);
      expect(node.emitters.status().behindMs).toBeGreaterThan(1000);
      away = false;
      await Bun.sleep(1500);
      const events = await eventsOf(log, "g");
      expectWhole(events);
      expect(events.length).toBeGreaterThan(0.8 * 0.1 * (Date.now() - since));
      expect(node.emitters.status()).toMatchObject({ skipped: 0, guests: 1 });
    });
  }, 15_000);

  test("of a process that is killed run on another node within 5 s, none twice, none missing", async () => {
    await withStore(async (rig) => {
      const script = new URL("../../../../test/support/emitters-child.ts", import.meta.url)
        .pathname;
      const child = spawn(process.execPath, [script, rig.url], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const log = new PostgresLog({ url: rig.url, clock, logger });
      try {
        await new Promise((resolve) => child.stdout.once("data", resolve));
        await using node = await startEmittersNode(rig, log, "parent");
        await until(
          "110 events of the child",
          10_000,
          async () => (await eventsOf(log, "g2")).length > 110,
        );
        expect(node.emitters.status().guests).toBe(0);
        child.kill("SIGKILL");
        const since = performance.now();
        const before = (await eventsOf(log, "g2")).length;
        expect(before).toBeGreaterThan(100);
        await until(
          "10 events of the new node",
          8000,
          async () => (await eventsOf(log, "g2")).length > before + 10,
        );
        expect(performance.now() - since).toBeLessThan(5000);
        expect(node.emitters.status().guests).toBe(3);
        await until("the projection", 5000, () => node.projection.status().owned);
        await Bun.sleep(1000);
        for (const id of ["g0", "g1", "g2"]) expectWhole(await eventsOf(log, id));
        const page = await node.emitters.page("g2", { limit: 1000 });
        const inLog = await eventsOf(log, "g2");
        expect(page.events.length).toBeGreaterThan(Math.min(before, 900));
        expect(inLog.length).toBeGreaterThanOrEqual(page.events.length);
      } finally {
        child.kill("SIGKILL");
        await log.close();
      }
    });
  }, 30_000);
});
