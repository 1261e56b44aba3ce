import { describe, expect, test } from "bun:test";
import { ChunkedText } from "./chunked.ts";

const body = '5\r\nid:1\n\r\n0f\r\ndata:{"n":123}\n\r\n2\r\n\n\n\r\n';

describe("the text of a chunked response", () => {
  test("is the chunks without their frames, however they are cut", () => {
    for (let size = 1; size <= body.length; size++) {
      const chunked = new ChunkedText();
      let text = "";
      for (let from = 0; from < body.length; from += size) {
        text += chunked.take(body.slice(from, from + size));
      }
      expect(text).toBe('id:1\ndata:{"n":123}\n\n\n');
    }
  });

  test("ends with the last chunk", () => {
    const chunked = new ChunkedText();
    expect(chunked.take("1\r\na\r\n0\r\n\r\n")).toBe("a");
    expect(chunked.take("")).toBe("");
  });
});
