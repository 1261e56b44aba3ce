import { expect, test } from "bun:test";
import { withStore } from "../../../../test/support/store-rig.ts";

const leaseMs = 60_000;

test("a guest is one node's at a time, however many claim at once", async () => {
  await withStore(async (rig) => {
    const { leases, database } = rig;
    await database.sql`insert into emitters (id, source, rate)
      select 'g' || i, 'guest', 2 from generate_series(1, 5000) i`;
    await database.sql`insert into emitters (id, source, rate) values ('x', 'external', 0)`;
    const nodes = ["a.1", "b.1", "c.1"];
    await Promise.all(nodes.map((node) => leases.join(node, leaseMs)));
    const claimed = await Promise.all(
      nodes.map(async (node) => {
        const mine: string[] = [];
        for (let more = 1; more > 0;) {
          const part = await leases.claim(node, 200);
          more = part.length;
          mine.push(...part.map((emitter) => emitter.id));
        }
        return mine;
      }),
    );
    expect(claimed.flat().length).toBe(5000);
    expect(new Set(claimed.flat()).size).toBe(5000);
    expect((await leases.owned("a.1")).length).toBe(claimed[0]?.length ?? -1);
    await leases.leave("a.1");
    expect((await leases.claim("b.1", 9999)).length).toBe(claimed[0]?.length ?? -1);
  });
});

test("a lease that ran out is still its node's until another frees its guests; then never again", async () => {
  await withStore(async ({ leases, store }) => {
    await leases.join("a.1", 1);
    await store.create({ id: "g", source: "guest", rate: 2 }, "a.1");
    await Bun.sleep(20);
    expect(await leases.renew("a.1", 1)).toBe("held");
    await Bun.sleep(20);
    await leases.join("b.1", leaseMs);
    expect((await leases.claim("b.1", 10)).length).toBe(0);
    expect(await leases.renew("b.1", leaseMs)).toBe("free");
    expect(await leases.renew("a.1", leaseMs)).toBe("spent");
    expect((await leases.claim("a.1", 10)).length).toBe(0);
    expect((await leases.claim("b.1", 10)).map((emitter) => emitter.id)).toEqual(["g"]);
    expect(await leases.nodes()).toBe(1);
    // A guest that is made under a spent name is nobody's.
    await store.create({ id: "h", source: "guest", rate: 2 }, "a.1");
    expect((await leases.claim("b.1", 10)).map((emitter) => emitter.id)).toEqual(["h"]);
    await store.end("h");
    expect((await leases.owned("b.1")).map((emitter) => emitter.id)).toEqual(["g"]);
  });
});

test("renewing and freeing at the same moment agree on one outcome", async () => {
  await withStore(async ({ leases, store }) => {
    await leases.join("b.1", leaseMs);
    for (let i = 0; i < 60; i++) {
      const node = `a.${i}`;
      await leases.join(node, 1);
      await store.create({ id: `g${i}`, source: "guest", rate: 2 }, node);
      await Bun.sleep(5);
      const [renewed] = await Promise.all([
        leases.renew(node, leaseMs),
        leases.renew("b.1", leaseMs),
      ]);
      const claimed = await leases.claim("b.1", 10);
      expect(claimed.length).toBe(renewed === "spent" ? 1 : 0);
    }
  });
});
