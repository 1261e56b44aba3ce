import { expect, test } from "bun:test";
import { Random } from "../../test/simulation/random.ts";
import { type SseMessage, SseParser } from "./sse-parser.ts";

const utf8 = new TextEncoder();

interface Parsed {
  readonly messages: readonly SseMessage[];
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
}

function parse(chunks: readonly Uint8Array[]): Parsed {
  const parser = new SseParser();
  const messages = chunks.flatMap((chunk) => parser.push(chunk));
  return { messages, lastEventId: parser.lastEventId, retryMs: parser.retryMs };
}

const parseText = (text: string) => parse([utf8.encode(text)]);
const message = (data: string, id = "", type = "message") => ({ type, data, id });

/** The standard's words, one by one, on the whole text at once. */
function reference(bytes: Uint8Array): Parsed {
  const text = new TextDecoder().decode(bytes);
  const lines = text.split(/\r\n|\r|\n/);
  lines.pop(); // what no line end follows is discarded
  const messages: SseMessage[] = [];
  let [data, type, id, lastEventId] = ["", "", "", ""];
  let retryMs: number | undefined;
  for (const line of lines) {
    if (line === "") {
      lastEventId = id;
      if (data !== "") {
        messages.push(message(data.slice(0, -1), id, type === "" ? undefined : type));
      }
      [data, type] = ["", ""];
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") type = value;
    if (field === "data") data += `${value}\n`;
    if (field === "id" && !value.includes("\0")) id = value;
    if (field === "retry" && /^[0-9]+$/.test(value)) retryMs = Number(value);
  }
  return { messages, lastEventId, retryMs };
}

test("the standard's examples", () => {
  expect(parseText("data: YHOO\ndata: +2\ndata: 10\n\n").messages).toEqual([
    message("YHOO\n+2\n10"),
  ]);
  expect(
    parseText(
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    ).messages,
  ).toEqual([message("first event", "1"), message("second event"), message(" third event")]);
  expect(parseText("data\n\ndata\ndata\n\ndata:").messages).toEqual([message(""), message("\n")]);
  expect(parseText("data:test\n\ndata: test\n\n").messages).toEqual([
    message("test"),
    message("test"),
  ]);
});

test("what the gateway sends: preamble, events, a bare id as heartbeat, an end", () => {
  const parser = new SseParser();
  expect(parser.push(utf8.encode(":sluice\nretry:1000\nid:2ab-11\n\n"))).toEqual([]);
  expect([parser.lastEventId, parser.retryMs]).toEqual(["2ab-11", 1000]);
  expect(parser.push(utf8.encode('id:2ab-12\ndata:{"n":1}\n\n'))).toEqual([
    message('{"n":1}', "2ab-12"),
  ]);
  expect(parser.push(utf8.encode(":\nid:2ab-19\n\n"))).toEqual([]);
  expect(parser.lastEventId).toBe("2ab-19");
  expect(parser.push(utf8.encode("event:end\nid:2ab-1a\ndata:{}\n\n"))).toEqual([
    message("{}", "2ab-1a", "end"),
  ]);
});

test("an id counts once its block is over, and not with a NUL in it", () => {
  const parser = new SseParser();
  parser.push(utf8.encode("id:1\n"));
  expect(parser.lastEventId).toBe("");
  parser.push(utf8.encode("\nid:2\0\n\n"));
  expect(parser.lastEventId).toBe("1");
});

test("retry takes digits alone", () => {
  expect(parseText("retry:50\nretry:5e3\nretry: 1 \nretry:-1\n").retryMs).toBe(50);
});

test("a byte order mark is dropped at the beginning alone", () => {
  expect(parseText("\uFEFFdata:a\n\n\uFEFFdata:b\n\n").messages).toEqual([message("a")]);
});

test("a line end cut in two is one line end", () => {
  const chunks = ["data:a\r", "\ndata:b\r", "\n\r", "\ndata:c\n", "\n"].map((text) =>
    utf8.encode(text),
  );
  expect(parse(chunks).messages).toEqual([message("a\nb"), message("c")]);
});

test("an event past the bound is refused, however it is cut", () => {
  const parser = new SseParser(100);
  parser.push(utf8.encode(`data:${"x".repeat(80)}\n`));
  expect(() => parser.push(utf8.encode(`data:${"x".repeat(80)}`))).toThrow(RangeError);
});

test("any stream, cut anywhere, is read as the whole is", () => {
  const pieces = [
    "\r",
    "\n",
    "\r\n",
    ":",
    " ",
    "\r",
    "\n",
    "data",
    "data:",
    "data: ",
    "id:7",
    "id",
    "id:\0",
    "event:x",
    "event:",
    "retry:10",
    "retry:x",
    "\uFEFF",
    "é€😀",
    "a:b",
    "\n\n",
    "\r\r",
    "\r\n\r\n",
  ];
  const random = new Random(20261121);
  for (let round = 0; round < 20_000; round++) {
    let text = random.chance(0.1) ? "\uFEFF" : "";
    for (let left = random.int(30); left > 0; left--) text += random.pick(pieces) ?? "";
    const bytes = utf8.encode(text);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const to = at + random.int(random.chance(0.5) ? 3 : 20);
      chunks.push(bytes.subarray(at, to));
      at = to;
    }
    const parsed = parse(chunks);
    if (Bun.deepEquals(parsed, reference(bytes))) continue;
    expect({ text, chunks: chunks.map(String), parsed }).toEqual({
      text,
      chunks: chunks.map(String),
      parsed: reference(bytes),
    });
  }
});
