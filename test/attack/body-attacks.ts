/** Bodies: bombs, many elements, many empty ones, deep, wide, quadratic, slow and unfinished ones. */

import {
  type Attacks,
  closed,
  filled,
  gzip,
  json,
  kilo,
  lines,
  mega,
  once,
  post,
  raw,
  request,
  rest,
  tcp,
  zipped,
} from "./attack.ts";

const events = (element: string, times: number) =>
  once(() =>
    Buffer.concat([
      Buffer.from('{"events":['),
      Buffer.alloc(times * element.length, element),
      Buffer.from("0]}"),
    ]),
  );
const zippedEvents = (element: string, times: number) => {
  const body = events(element, times);
  return once(() => Buffer.from(Bun.gzipSync(new Uint8Array(body()))));
};
const members = once(() => {
  const all = Array.from({ length: 300_000 }, (_, i) => `"m${i}":0`);
  return Buffer.from(`{${all.join(",")}}`);
});
const head =
  (path: string, length: number, more = "") =>
  (host: string) =>
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

/** The head of a request, and all of its body but one byte. */
function unfinished(path: string, length: number) {
  const body = filled(" ", length - 1);
  return raw((host) => Buffer.concat([Buffer.from(head(path, length)(host)), body()]));
}

/** One byte now and then, for as long as it lasts. */
function dripping(path: string, byte: string) {
  return async ({ url }: { readonly url: string }, signal: AbortSignal) => {
    const address = new URL(url);
    const socket = await tcp(address, signal);
    if (socket === undefined) return;
    socket.resume();
    socket.write(head(path, 8 * mega)(address.host));
    const ended = closed(socket, signal, 120_000);
    while (!signal.aborted && !socket.destroyed) {
      socket.write(byte);
      await rest(100, signal);
    }
    await ended;
  };
}

export const bodyAttacks: Attacks = {
  "save: 16 KB that inflate to 16 MB of newlines": post("/save", zipped("\n", 16 * mega), {
    ...gzip,
    ...lines,
  }),
  "save: 64 KB that inflate to 64 MB of newlines": post("/save", zipped("\n", 64 * mega), {
    ...gzip,
    ...lines,
  }),
  "save: 8 MB of newlines": post("/save", filled("\n", 8 * mega), lines),
  "save: empty objects, zipped": post("/save", zipped("{}\n", 8 * mega), { ...gzip, ...lines }),
  "save: a line that never ends": post("/save", filled("x", 16 * mega), lines),
  "save: an array of a million zeros": post("/save", () => `[${"0,".repeat(mega)}0]`, json),
  "save: an array of empty objects": post("/save", () => `[${"{},".repeat(mega)}{}]`, json),
  "save: a million open brackets": post("/save", filled("[", mega), json),
  "save: spaces alone": post("/save", filled(" ", 8 * mega), json),
  "save: a body that comes by the byte": dripping("/save", " "),
  "save: lines that come by the byte": dripping("/save", "\n"),
  "influx: quotes that stay open": post("/api/v2/write", zipped('" "\n', 512 * kilo), gzip),
  "influx: one line of commas": post("/api/v2/write", filled("a=1,", 8 * mega)),
  "influx: backslashes": post("/api/v2/write", filled("\\", 8 * mega)),
  "influx: blank lines, zipped": post("/api/v2/write", zipped("\n", 8 * mega), gzip),
  "influx: comments": post("/api/v2/write", zipped('#"\n', 2 * mega), gzip),
  "influx: points without a field": post("/api/v2/write", filled("cpu,a=b \n", 8 * mega)),
  "bulk: sixteen million zeros, zipped": post("/api/event/bulk", zippedEvents("0,", 8 * mega), {
    ...gzip,
    ...json,
  }),
  "bulk: empty objects, zipped": post("/api/event/bulk", zippedEvents("{},", 8 * mega), {
    ...gzip,
    ...json,
  }),
  "bulk: empty objects": post("/api/event/bulk", events("{},", 2 * mega), json),
  "bulk: 32 MB without the last byte": unfinished("/api/event/bulk", 32 * mega),
  "event: 8 MB without the last byte": unfinished("/api/event", 8 * mega),
  "event: an object of 300,000 members": post("/api/event", members, json),
  "event: a text of 8 MB": post(
    "/api/event",
    () => `{"event":"${"x".repeat(8 * mega - 100)}"}`,
    json,
  ),
  "log: a million zeros, zipped": post("/log/attacked", zipped("0,", 4 * mega), {
    ...gzip,
    ...json,
  }),
  "log: lines of empty objects, zipped": post("/log/attacked", zipped("{}\n", 2 * mega), {
    ...gzip,
    ...lines,
  }),
  "log: nested a million deep": post("/log/attacked", filled("[", mega), json),
  "log: 10,000 events, again and again": post(
    "/log/attacked",
    () => `[${"{},".repeat(9999)}{}]`,
    json,
  ),
  "log: a body that is not gzip": post("/log/attacked", filled("x", mega), gzip),
  "log: gzip that ends early": post(
    "/log/attacked",
    once(() => zipped("0,", 4 * mega)().subarray(0, -20)),
    { ...gzip, ...json },
  ),
  "records: half a million lines that are not JSON": post(
    "/v1/topics/attacked/records",
    filled("x\n", mega),
    lines,
  ),
  "records: a record of 8 MB": post("/v1/topics/attacked/records", filled("x", 8 * mega), {
    "content-type": "application/octet-stream",
  }),
  "topic: settings of 300,000 members": ({ url }, signal) =>
    request(`${url}/v1/topics/attacked`, { method: "PUT", body: members(), headers: json, signal }),
  "topics: a new one each time": ({ url }, signal) =>
    request(`${url}/v1/topics/t-${crypto.randomUUID()}`, {
      method: "PUT",
      body: "{}",
      headers: json,
      signal,
    }),
  "emitters: simulated ones at full rate": ({ url }, signal) =>
    request(`${url}/log/e-${crypto.randomUUID()}`, {
      method: "PUT",
      body: '{"rate":1000}',
      headers: json,
      signal,
    }),
  "rpc json: 100,000 empty records": post(
    "/sluice.v1.CollectorService/Publish",
    () => `{"topic":"attacked","records":[${"{},".repeat(100_000)}{}]}`,
    json,
  ),
  "rpc json: unknown members": post("/sluice.v1.CollectorService/Publish", members, json),
  "rpc: four million empty records, zipped": post(
    "/sluice.v1.CollectorService/Publish",
    zipped("\x0a\x00", 4 * mega),
    { "content-type": "application/proto", ...gzip },
  ),
  "rpc: garbage": post("/sluice.v1.CollectorService/Publish", filled("\xff", mega), {
    "content-type": "application/grpc-web+proto",
  }),
  "schemas: an enum of 40,000 values": post(
    "/subjects/attacked-enum/versions",
    schema(
      () =>
        `syntax="proto3"; enum E { ${Array.from({ length: 40_000 }, (_, i) => `V${i}=${i};`).join("")} }`,
    ),
    json,
  ),
  "schemas: 12,000 messages": post(
    "/subjects/attacked-wide/versions",
    schema(
      () =>
        `syntax="proto3"; ${Array.from({ length: 12_000 }, (_, i) => `message M${i} { int32 a = 1; }`).join("")}`,
    ),
    json,
  ),
  "schemas: nested messages": post(
    "/subjects/attacked-deep/versions",
    schema(
      () =>
        `syntax="proto3"; ${Array.from({ length: 3000 }, (_, i) => `message M${i} {`).join("")}${"}".repeat(3000)}`,
    ),
    json,
  ),
  "schemas: text that is not a schema": post(
    "/subjects/attacked/versions",
    schema(() => "{".repeat(mega)),
    json,
  ),
};

function schema(text: () => string): () => string {
  return once(() => JSON.stringify({ schemaType: "PROTOBUF", schema: text() }));
}
