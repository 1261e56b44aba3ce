import { expect, test } from "bun:test";
import { Turns } from "./budget/turn.ts";
import {
  createDocumentDecoder,
  documentFromUtf8,
  documentInTurns,
  lossyTextFromUtf8,
  textFromUtf8,
} from "./utf8.ts";

const marked = new TextEncoder().encode("\ufeffa");
const broken = Uint8Array.of(0x61, 0xff);

test("a byte order mark is part of a text, and not of a document", () => {
  expect(textFromUtf8(marked)).toBe("\ufeffa");
  expect(lossyTextFromUtf8(marked)).toBe("\ufeffa");
  expect(documentFromUtf8(marked)).toBe("a");
  const decoder = createDocumentDecoder();
  const pieces = [...marked].map((byte) => decoder.decode(Uint8Array.of(byte), { stream: true }));
  expect(pieces.join("")).toBe("a");
});

test("bytes that are not UTF-8 are refused, or replaced where the caller chose so", () => {
  expect(() => textFromUtf8(broken)).toThrow(TypeError);
  expect(() => documentFromUtf8(broken)).toThrow(TypeError);
  expect(lossyTextFromUtf8(broken)).toBe("a\ufffd");
});

test("a document is the same decoded in turns, wherever its pieces end", async () => {
  const turn = new Turns().open();
  for (const start of ["", "x", "xy", "xyz", "\ufeff"]) {
    const bytes = new TextEncoder().encode(`${start}${"😀é".repeat(150_000)}`);
    expect(await documentInTurns(bytes, turn)).toBe(documentFromUtf8(bytes));
    for (const end of [1, 3]) {
      await expect(documentInTurns(bytes.subarray(0, -end), turn)).rejects.toThrow(TypeError);
    }
  }
  expect(await documentInTurns(marked, turn)).toBe("a");
});
