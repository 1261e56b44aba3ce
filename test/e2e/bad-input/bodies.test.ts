/** Bad bodies, and strange ones that are right. */

import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { ask, post } from "../../support/http.ts";
import type { Expected } from "../../support/problems.ts";
import { openSse } from "../../support/sse-socket.ts";
import { openWs } from "../../support/ws.ts";
import { BadInputRig, type Body, type More, topic } from "./rig.ts";

const rig = new BadInputRig();
const bodyMax = 8 * 1024 * 1024;
const mega = 1024 * 1024;
const lines = { "content-type": "application/x-ndjson" };

/** A body of unknown length. */
function chunked(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(left, 65_536)).fill(0x20));
      left -= 65_536;
    },
  });
}

const bodies: readonly (readonly [name: string, body: Body, expected: Expected, more?: More])[] = [
  ["no body", "", "400 invalid"],
  ["white space", " \r\n\t", "400 invalid"],
  ["half an object", `{"a":`, "400 invalid", { detail: /JSON/, field: "body" }],
  ["a truncated array", `[{"a":1},{"a":2}`, "400 invalid", { detail: /JSON/, field: "body" }],
  ["an empty array", "[]", "400 invalid", { detail: /no events/ }],
  ["a trailing comma", `[1,2,]`, "400 invalid", { detail: /JSON/ }],
  ["two values on one line", `{} {}`, "400 invalid", { detail: /JSON/ }],
  ["single quotes", `{'a':1}`, "400 invalid", { detail: /JSON/ }],
  ["NaN", `{"a":NaN}`, "400 invalid", { detail: /JSON/ }],
  ["a line break inside a string", `{"a":"x\ny"}`, "400 invalid", { detail: /JSON/ }],
  ["100,000 levels of arrays", "[".repeat(100_000), "400 invalid", { detail: /JSON/ }],
  ["100,000 levels of objects", `{"a":`.repeat(100_000), "400 invalid", { detail: /JSON/ }],
  ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22), "400 invalid", { detail: /JSON/ }],
  [
    "UTF-8 cut inside a character",
    Uint8Array.of(0x22, 0xe6, 0xbc, 0x22),
    "400 invalid",
    { detail: /JSON/ },
  ],
  [
    "a surrogate as UTF-8",
    Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
    "400 invalid",
    { detail: /JSON/ },
  ],
  [
    "UTF-16",
    Uint8Array.from(Buffer.from(`\ufeff{"a":1}`, "utf16le")),
    "400 invalid",
    { detail: /JSON/ },
  ],
  [
    "NDJSON of only bad lines",
    "{\n}\nx",
    "400 invalid",
    { headers: lines, detail: /All 3/, field: "body" },
  ],
  ["10 MB, declared", " ".repeat(10 * mega), "413 too_large", { detail: new RegExp(`${bodyMax}`) }],
  ["64 MB, declared", " ".repeat(64 * mega), "413 too_large"],
  [
    "10 MB, chunked",
    () => chunked(10 * mega),
    "413 too_large",
    { detail: new RegExp(`${bodyMax}`) },
  ],
  [
    "a gzip bomb of 1 GB",
    bomb(),
    "413 too_large",
    { headers: { "content-encoding": "gzip" }, detail: new RegExp(`${bodyMax}`) },
  ],
  [
    "anything but gzip",
    `{"a":1}`,
    "400 invalid",
    { headers: { "content-encoding": "gzip" }, detail: /gzip/ },
  ],
  [
    "half a gzip",
    gzipSync(`{"a":"${crypto.randomUUID()}"}`).subarray(0, 30),
    "400 invalid",
    { headers: { "content-encoding": "gzip" }, detail: /gzip/ },
  ],
  [
    "gzip of bad JSON",
    gzipSync("{"),
    "400 invalid",
    { headers: { "content-encoding": "gzip" }, detail: /JSON/ },
  ],
  [
    "an unknown encoding",
    "1",
    "415 unsupported_media_type",
    { headers: { "content-encoding": "br" }, detail: /"br"/ },
  ],
  [
    "two encodings",
    "1",
    "415 unsupported_media_type",
    { headers: { "content-encoding": "gzip, gzip" } },
  ],
  [
    "a record of 2 MB",
    JSON.stringify("x".repeat(2 * mega)),
    "413 too_large",
    { detail: /record/, field: "value" },
  ],
  ["20,000 records", `[${"1,".repeat(19_999)}1]`, "413 too_large", { detail: /more than 10000/ }],
  [
    "an empty idempotency key",
    "1",
    "400 invalid",
    { headers: { "idempotency-key": "" }, field: "idempotency-key" },
  ],
  [
    "an idempotency key of 300 characters",
    "1",
    "400 invalid",
    { headers: { "idempotency-key": "k".repeat(300) }, field: "idempotency-key" },
  ],
  [
    "an idempotency key with a space",
    "1",
    "400 invalid",
    { headers: { "idempotency-key": "a b" }, field: "idempotency-key" },
  ],
];

function bomb(): Uint8Array<ArrayBuffer> {
  const part = gzipSync(new Uint8Array(64 * mega).fill(0x20));
  return Uint8Array.from(Buffer.concat(Array.from({ length: 16 }, () => part)));
}

for (const [name, path] of [
  ["POST /log/{id}", rig.toEmitter],
  ["POST /v1/topics/{topic}/records", rig.toTopic],
] as const) {
  rig.table(
    name,
    bodies.map(([name, body, expected, more]) => [
      name,
      () => `POST ${path()}`,
      expected,
      { ...more, body },
    ]),
  );
}

rig.table("bodies of the wrong kind", [
  [
    "an image as events",
    () => `POST ${rig.toEmitter()}`,
    "415 unsupported_media_type",
    { body: "1", headers: { "content-type": "image/png" }, detail: /image\/png/ },
  ],
  [
    "XML as events",
    () => `POST ${rig.toEmitter()}`,
    "415 unsupported_media_type",
    { body: "<a/>", headers: { "content-type": "text/xml; charset=utf-8" }, detail: /text\/xml/ },
  ],
  [
    "multipart as events",
    () => `POST ${rig.toEmitter()}`,
    "415 unsupported_media_type",
    { body: "--x--", headers: { "content-type": "multipart/form-data; boundary=x" } },
  ],
  [
    "Sluice's internal type",
    () => `POST ${rig.toTopic()}`,
    "400 invalid",
    { body: "{", headers: { "content-type": "application/vnd.sluice.end+json" } },
  ],
  [
    "one record of 2 MB of bytes, which is not read",
    () => `POST ${rig.toTopic()}`,
    "413 too_large",
    {
      body: new Uint8Array(2 * mega),
      headers: { "content-type": "application/octet-stream" },
      detail: new RegExp(`${mega}`),
      field: "body",
    },
  ],
  [
    "an append to nothing",
    "POST /log/never-made",
    "404 not_found",
    { body: "1", detail: /never-made/ },
  ],
]);

rig.table("PUT", [
  ["a body that is not JSON", "PUT /log", "400 invalid", { body: "{", detail: /JSON/ }],
  ["an array", "PUT /log", "400 invalid", { body: "[]" }],
  ["an unknown field", "PUT /log", "400 invalid", { body: `{"colour":"red"}`, detail: /colour/ }],
  ["an unknown source", "PUT /log", "400 invalid", { body: `{"source":"moon"}`, field: "/source" }],
  ["a rate of text", "PUT /log", "400 invalid", { body: `{"rate":"fast"}`, field: "/rate" }],
  ["a rate of 0", "PUT /log", "400 invalid", { body: `{"rate":0}`, field: "/rate" }],
  ["a rate of 1e9", "PUT /log", "400 invalid", { body: `{"rate":1e9}`, field: "/rate" }],
  ["a rate of 1e999", "PUT /log", "400 invalid", { body: `{"rate":1e999}`, field: "/rate" }],
  ["__proto__", "PUT /log", "400 invalid", { body: `{"__proto__":{"rate":5}}` }],
  [
    "an external emitter with a rate",
    "PUT /log",
    "400 invalid",
    { body: `{"source":"external","rate":5}`, field: "/rate" },
  ],
  [
    "an emitter with another configuration",
    () => `PUT ${rig.toEmitter()}`,
    "409 conflict",
    { body: `{"rate":5}`, field: "/source" },
  ],
  [
    "a topic with another configuration",
    () => `PUT /v1/topics/${topic}`,
    "409 conflict",
    { body: `{"layout":"frames"}`, detail: new RegExp(topic) },
  ],
  [
    "a topic with an unknown layout",
    "PUT /v1/topics/t",
    "400 invalid",
    { body: `{"layout":"rows"}`, field: "/layout" },
  ],
  [
    "a topic with a negative retention",
    "PUT /v1/topics/t",
    "400 invalid",
    { body: `{"retention_ms":-1}`, field: "/retention_ms" },
  ],
  [
    "a topic with half a byte",
    "PUT /v1/topics/t",
    "400 invalid",
    { body: `{"retention_bytes":0.5}`, field: "/retention_bytes" },
  ],
  ["the topic of all emitters", "PUT /v1/topics/emitters", "403 forbidden", { detail: /emitters/ }],
]);

describe("strange bodies that are right", () => {
  for (const [name, value] of [
    ["100,000 levels", "[".repeat(100_000) + "]".repeat(100_000)],
    ["100,000 levels of objects", `{"a":`.repeat(100_000) + "1" + "}".repeat(100_000)],
    ["a repeated name", `{"a":1,"a":2}`],
    ["a lone surrogate, escaped", `"\\ud800"`],
    ["a number past every number", "1e400"],
    ["an empty name, and __proto__", `{"":1,"__proto__":{"a":1}}`],
    ["text that looks like a stream", JSON.stringify("\r\n\r\nid:x\ndata:y\u2028\u0000")],
  ] as const) {
    test(`${name}: returned as it was sent, by every protocol`, async () => {
      const own = (await ask("PUT", `${rig.url}/log`, { body: `{"source":"external"}` })).json.id;
      const stream = await openSse(`${rig.url}/sse/log/${own}`);
      const ws = await openWs(`${rig.gateway.wsUrl}/v1/ws`);
      ws.say({ op: "subscribe", emitter: own });
      await ws.nextText();
      const answer = await post(`${rig.url}/log/${own}`, `[${value}]`);
      expect(answer.status).toBe(200);
      expect(await stream.take(1)).toEqual([
        { event: "message", id: answer.json.position, data: value },
      ]);
      expect(await ws.nextText()).toContain(`"data":${value}}`);
      expect((await ask("GET", `${rig.url}/log/${own}?limit=1`)).text).toContain(
        `"data":${value}}`,
      );
      ws.say(`{"op":"publish","emitter":"${own}","events":[${value}]}`);
      expect((await stream.take(1))[0]?.data).toBe(value);
      stream.close();
      ws.cut();
    });
  }
});
