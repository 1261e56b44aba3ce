import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import postgres from "postgres";
import { withPostgres } from "../../test/support/postgres.ts";
import { systemClock as clock } from "../core/clock.ts";
import { silent as logger } from "../core/logger.ts";
import { createOwnership } from "./ownership.ts";

const never = new AbortController().signal;

test("one node at a time owns a name, and only that name", async () => {
  await withPostgres(async (url) => {
    const a = createOwnership({ url, clock, logger });
    const b = createOwnership({ url, clock, logger });
    const owned = await a.acquire("x", never);
    await b.acquire("y", never);
    const order: string[] = [];
    const waiting = b.acquire("x", never).then(() => order.push("b has x"));
    await Bun.sleep(1500);
    order.push("a releases x");
    await owned.release();
    await waiting;
    expect(order).toEqual(["a releases x", "b has x"]);
    expect(owned.lost.aborted).toBe(false);
    await Promise.all([a.close(), b.close()]);
  });
});

test("two owners within one node exclude each other, and waiting can be cancelled", async () => {
  await withPostgres(async (url) => {
    const a = createOwnership({ url, clock, logger });
    const owned = await a.acquire("x", never);
    const impatient = a.acquire("x", AbortSignal.timeout(300));
    await expect(impatient).rejects.toMatchObject({ code: "cancelled" });
    await owned.release();
    await a.acquire("x", never);
    await a.close();
  });
});

test("a lost session aborts what it owned, and another node has the name within 5 s", async () => {
  await withPostgres(async (url, server) => {
    const a = createOwnership({ url, clock, logger });
    const b = createOwnership({ url, clock, logger });
    const owned = await a.acquire("x", never);
    const next = b.acquire("x", never);
    const admin = postgres(server.url, { max: 1 });
    await admin`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'sluice-ownership' and pid in (select pid from pg_locks where locktype = 'advisory' and granted)`;
    const since = performance.now();
    await Promise.all([admin.end(), untilAborted(owned.lost)]);
    expect(performance.now() - since).toBeLessThan(1500);
    // The loser may be the next owner.
    const again = a.acquire("x", never);
    await Promise.race([next, again]);
    expect(performance.now() - since).toBeLessThan(5000);
    await Promise.all([a.close(), b.close()]);
    await Promise.allSettled([next, again]);
  });
}, 15_000);

test("the server's death aborts at once; its return gives the name to someone", async () => {
  await withPostgres(async (url, server) => {
    const a = createOwnership({ url, clock, logger });
    const owned = await a.acquire("x", never);
    await server.kill9();
    await untilAborted(owned.lost);
    const again = a.acquire("x", never);
    await Bun.sleep(300);
    await server.start();
    await again;
    await a.close();
  });
}, 20_000);

test("a process that is killed frees its names within 5 s", async () => {
  await withPostgres(async (url) => {
    const module = new URL("./ownership.ts", import.meta.url).pathname;
    const script = `
      const { createOwnership } = await import(${JSON.stringify(module)});
      const { systemClock } = await import(${JSON.stringify(module.replace("postgres/ownership", "core/clock"))});
      const ownership = createOwnership({ url: ${JSON.stringify(url)}, clock: systemClock, logger() {} });
      await ownership.acquire("x", new AbortController().signal);
      console.log("owned");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const b = createOwnership({ url, clock, logger });
    const next = b.acquire("x", never);
    await Bun.sleep(1200);
    const since = performance.now();
    child.kill("SIGKILL");
    await next;
    expect(performance.now() - since).toBeLessThan(5000);
    await b.close();
  });
}, 20_000);

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
