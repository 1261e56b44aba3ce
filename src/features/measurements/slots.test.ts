import { expect, test } from "bun:test";
import { Slots } from "./slots.ts";

test("what exceeds the bound is refused at once, to be tried again", async () => {
  const slots = new Slots("queries", 2);
  const release = slots.take();
  const { promise, resolve } = Promise.withResolvers<string>();
  const running = slots.use(() => promise);
  expect(slots.used).toBe(2);
  expect(() => slots.take()).toThrow("2 queries are under way");
  await expect(slots.use(async () => "never")).rejects.toMatchObject({
    code: "overloaded",
    retryAfterMs: 1000,
  });
  resolve("done");
  expect(await running).toBe("done");
  release();
  release();
  expect(slots.used).toBe(0);
});

test("what fails gives its slot back", async () => {
  const slots = new Slots("queries", 1);
  await expect(slots.use(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await slots.use(async () => 1)).toBe(1);
});
