import { expect, test } from "bun:test";
import { MemoryAccount } from "./memory.ts";

test("a share takes what fits, and refuses the rest with the setting's name", () => {
  const share = new MemoryAccount(1000).share("receiving", 0.1);
  share.take(60);
  share.take(40);
  expect(() => share.take(1)).toThrow(
    "Cannot take 1 bytes more: this node keeps 100 of requests that are not complete, at most 100 (SLUICE_MEMORY_BYTES)",
  );
  share.release(60);
  share.take(60);
  expect(share).toMatchObject({ bytes: 100, isFull: true });
});

test("what is alone is taken, however large it is", () => {
  const share = new MemoryAccount(1000).share("answers", 0.1);
  share.take(5000);
  expect(() => share.take(1)).toThrow(expect.objectContaining({ code: "overloaded" }));
  share.release(5000);
  share.take(1);
});

test("its status lists the shares, and what others count", () => {
  const account = new MemoryAccount(1000);
  account.share("receiving", 0.1).add(7);
  account.show("windows", () => ({ bytes: 3, bytesMax: 10 }));
  expect(account.status()).toEqual({
    totalBytes: 1000,
    receiving: { bytes: 7, bytesMax: 100 },
    windows: { bytes: 3, bytesMax: 10 },
  });
});
