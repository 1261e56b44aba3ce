import { expect, test } from "bun:test";
import { Semaphore } from "./semaphore.ts";

const refusal = "Cannot answer: 2 queries are under way";

test("what exceeds the bound is refused at once, to be tried again", async () => {
  const queries = new Semaphore(2, { waitingMax: 0, refusal });
  const permit = await queries.acquire();
  const { promise, resolve } = Promise.withResolvers<string>();
  const running = queries.use(() => promise);
  expect(queries.used).toBe(2);
  await expect(queries.acquire()).rejects.toThrow("2 queries are under way");
  await expect(queries.use(async () => "never")).rejects.toMatchObject({
    code: "overloaded",
    retryAfterMs: 1000,
  });
  resolve("done");
  expect(await running).toBe("done");
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  expect(queries.used).toBe(0);
});

test("what fails releases its permit", async () => {
  const queries = new Semaphore(1, { waitingMax: 0, refusal });
  await expect(queries.use(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await queries.use(async () => 1)).toBe(1);
});

test("the waiting go on in the order in which they came, never more than may at once", async () => {
  const replays = new Semaphore(2);
  const begun: number[] = [];
  const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const all = works.map(({ promise }, i) =>
    replays.use(() => {
      begun.push(i);
      return promise;
    }),
  );
  await Bun.sleep(0);
  expect(begun).toEqual([0, 1]);
  works[1]?.resolve();
  await Bun.sleep(0);
  expect(begun).toEqual([0, 1, 2]);
  expect(replays.used).toBe(2);
  for (const { resolve } of works) resolve();
  await Promise.all(all);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(replays.used).toBe(0);
});

test("as many wait as may, and the next is refused", async () => {
  const compilers = new Semaphore(1, { waitingMax: 1, refusal });
  const running = await compilers.acquire();
  const waiting = compilers.acquire();
  await expect(compilers.acquire()).rejects.toMatchObject({ code: "overloaded" });
  running[Symbol.dispose]();
  using _ = await waiting;
  expect(compilers.used).toBe(1);
});

test("who leaves the line gives its place to others, and gets no permit", async () => {
  const semaphore = new Semaphore(1, { waitingMax: 1, refusal: "Too many wait" });
  const first = await semaphore.acquire();
  const leaving = new AbortController();
  const left = semaphore.acquire(leaving.signal);
  await expect(semaphore.acquire()).rejects.toThrow("Too many wait");
  leaving.abort();
  await expect(left).rejects.toMatchObject({ code: "cancelled" });
  const second = semaphore.acquire(new AbortController().signal);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  expect(semaphore.used).toBe(0);
});
