import { expect, test } from "bun:test";
import { visibleParts } from "./visible-text.ts";

const shown = (text: string) =>
  visibleParts(text)
    .map(({ text, isMark }) => (isMark ? `[${text}]` : text))
    .join("");

test("plain text of any script stays as it is", () => {
  for (const text of ["", "order-17", "Grüße", "שלום", "注文", "👍🏽 ok", "<b>bold</b>"]) {
    expect(shown(text)).toBe(text);
  }
});

test("characters that change how others look are marks", () => {
  expect(shown("abc\u202Etxt.exe")).toBe("abc[U+202E]txt.exe");
  expect(shown("a\u200Bb\u2066c\u2069")).toBe("a[U+200B]b[U+2066]c[U+2069]");
  expect(shown("one\ntwo\t3\u0000")).toBe("one[⏎]two[⇥]3[U+0000]");
});

test("half of a surrogate pair is a mark, a whole pair is not", () => {
  expect(shown("a\uD83Db")).toBe("a[U+D83D]b");
  expect(shown("\uDC4D")).toBe("[U+DC4D]");
  expect(shown("\u{1F44D}")).toBe("\u{1F44D}");
});
