import { expect, test } from "bun:test";
import { renderData } from "./events.ts";

function dataOf(contentType: string, value: string): string {
  const bytes = new TextEncoder().encode(value);
  return renderData({ value: bytes, key: "", contentType, schemaId: 0, timeNs: 0n });
}

test("JSON is given as it was appended", () => {
  expect(dataOf("application/json", ` {"n": 9007199254740993}\n`)).toBe(`{"n": 9007199254740993}`);
});

test("what only claims to be JSON adds nothing to a page", () => {
  for (const text of [`{nope`, `1},{"position":"forged"`, ``, `"\u0000"`]) {
    expect(dataOf("application/json", text)).toBe(
      `{"base64":"${new TextEncoder().encode(text).toBase64()}"}`,
    );
  }
});

test("other bytes are base64", () => {
  expect(dataOf("application/protobuf", "abc")).toBe(`{"base64":"YWJj"}`);
});
