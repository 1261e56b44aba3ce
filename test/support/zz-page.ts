import { withStore } from "./store-rig.ts";
import { startEmittersNode } from "./emitters-node.ts";
import { createMemoryLog } from "../../src/log/memory/memory-log.ts";
import { connectPostgresLog } from "../../src/log/postgres/connect.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
await withStore(async (rig) => {
  for (const kind of ["mem", "pg"]) {
  const log = kind === "pg" ? connectPostgresLog({ url: rig.url, clock, logger: () => {} }) : createMemoryLog({ clock });
  if (kind === "pg") await rig.database.sql`truncate emitter_events, projections`;
  const node = await startEmittersNode(rig, log, "bench");
  await node.emitters.create({ id: "x", source: "external" });
  const rec = (n: number) => ({ value: new TextEncoder().encode(JSON.stringify({ n, text: "y".repeat(120) })), key: "x", contentType: "application/json", schemaId: 0, timeNs: BigInt(n) });
  const t0 = performance.now();
  for (let i = 0; i < 50; i++) await node.emitters.append("x", Array.from({ length: 1000 }, (_, j) => rec(i * 1000 + j)));
  while (node.projection.status().records < 50000) await Bun.sleep(5);
  console.log(kind, "50k appended+projected ms", Math.round(performance.now() - t0));
  for (const [name, q] of [["newest", { limit: 100 }], ["earliest", { after: "earliest", limit: 100 }]] as const) {
    for (let i = 0; i < 200; i++) await node.emitters.page("x", q);
    const times: number[] = []; for (let i = 0; i < 500; i++) { const s = performance.now(); await node.emitters.page("x", q); times.push(performance.now() - s); }
    times.sort((a, b) => a - b); console.log(kind, name, "p50", times[250]?.toFixed(2), "p99", times[495]?.toFixed(2));
  }
  const s = performance.now(); await Promise.all(Array.from({ length: 16 }, async () => { for (let i = 0; i < 100; i++) await node.emitters.page("x", { limit: 100 }); })); console.log("pages/s", Math.round(1600 / (performance.now() - s) * 1000));
  await node.close(); await log.close();
  }
});
process.exit(0);
