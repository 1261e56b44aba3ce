import { expect, test } from "bun:test";
import type { StoredSchema } from "../registry-port.ts";
import { createSchemaCache } from "./schema-cache.ts";

const schema = (id: number, bytes = 10): StoredSchema => ({
  id,
  guid: "",
  hash: "",
  file: "",
  set: new Uint8Array(bytes),
  messages: [],
});

test("loads an id once for concurrent callers", async () => {
  const cache = createSchemaCache();
  const loaded: number[] = [];
  const load = (id: number) => {
    loaded.push(id);
    return Promise.resolve(schema(id));
  };
  const got = await Promise.all([cache.get(1, load), cache.get(1, load), cache.get(2, load)]);
  expect(got.map((one) => one?.id)).toEqual([1, 1, 2]);
  await cache.get(1, load);
  expect(loaded).toEqual([1, 2]);
});

test("evicts what was used least recently, past its bytes", async () => {
  const cache = createSchemaCache(30);
  const loaded: number[] = [];
  const get = (id: number) =>
    cache.get(id, () => {
      loaded.push(id);
      return Promise.resolve(schema(id));
    });
  for (const id of [1, 2, 3, 1, 4, 1, 2]) await get(id);
  expect(loaded).toEqual([1, 2, 3, 4, 2]);
  await cache.get(9, () => Promise.resolve(schema(9, 100)));
  await get(9);
  expect(loaded).not.toContain(9);
});

test("caches nothing that is missing, failed, or was deleted while it was loaded", async () => {
  const cache = createSchemaCache();
  expect(await cache.get(1, () => Promise.resolve(undefined))).toBeUndefined();
  await expect(cache.get(1, () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  const arriving = Promise.withResolvers<StoredSchema>();
  const first = cache.get(1, () => arriving.promise);
  cache.delete(1);
  arriving.resolve(schema(1));
  expect(await first).toMatchObject({ id: 1 });
  expect(await cache.get(1, () => Promise.resolve(undefined))).toBeUndefined();
});
