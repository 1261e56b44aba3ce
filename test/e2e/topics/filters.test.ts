/** The same filters in every address that reads a topic. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { parquetReadObjects } from "hyparquet";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { openSse } from "../../support/sse-socket.ts";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);

afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
});

const url = (path: string, query: Record<string, string> = {}): string =>
  `${gateway.url}${path}?${new URLSearchParams(query)}`;

async function register(subject: string, protoText: string): Promise<number> {
  const { status, json } = await post(`${gateway.url}/sluice.v1.RegistryService/Register`, {
    subject,
    protoText: { text: protoText },
  });
  expect(status).toBe(200);
  return json.schema.id;
}

test("a stream sends the records that match, live ones too, and goes on past the others", async () => {
  const records = url("/v1/topics/parcels/records", { key: "a" });
  await post(records, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  const stream = await openSse(
    url("/v1/topics/parcels/sse", { after: "earliest", where: "value.id % 2 == 1" }),
  );
  expect((await stream.take(2)).map(({ data }) => data)).toEqual(['{"id":1}', '{"id":3}']);
  await post(records, [{ id: 4 }, { id: 9_007_199_254_740_991 }]);
  expect((await stream.take(1)).map(({ data }) => data)).toEqual(['{"id":9007199254740991}']);
  stream.close();
  const texts = await openSse(
    url("/v1/topics/parcels/sse", { after: "earliest", text: "740991", key: "a" }),
  );
  expect((await texts.take(1)).map(({ data }) => data)).toEqual(['{"id":9007199254740991}']);
  texts.close();
});

test("a message of a schema is looked into by its fields, as protobuf and as JSON", async () => {
  const id = await register(
    "visits-value",
    'syntax = "proto3"; package t.v1; message Visit { int64 user_id = 1; string page = 2; }',
  );
  const headers = { "sluice-schema-id": String(id) };
  const records = url("/v1/topics/visits/records");
  const exact = Uint8Array.from([8, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 18, 1, 97]);
  await ask("PUT", url("/v1/topics/visits"));
  await fetch(records, {
    method: "POST",
    body: exact,
    headers: { ...headers, "content-type": "application/protobuf" },
  });
  await fetch(records, {
    method: "POST",
    body: '[{"userId":"9007199254740993","page":"b"},{"userId":"9007199254740992","page":"c"}]',
    headers: { ...headers, "content-type": "application/json" },
  });
  const stream = await openSse(
    url("/v1/topics/visits/sse", {
      after: "earliest",
      decode: "json",
      where: "value.user_id == 9007199254740993 && schema.name == 't.v1.Visit'",
    }),
  );
  const data = (await stream.take(2)).map((event) => JSON.parse(event.data).data.page);
  expect(data).toEqual(["a", "b"]);
  stream.close();
});

test("an expression that is not one is refused with its column", async () => {
  for (const path of ["/v1/topics/parcels/sse", "/sse/topics/parcels"]) {
    const { status, json } = await ask("GET", url(path, { where: "value.id ==" }));
    expect(status).toBe(400);
    expect(json.errors[0]).toMatchObject({ field: "where" });
    expect(json.errors[0].message).toContain("at column 10");
  }
});

interface Page {
  readonly events: readonly { readonly position: string; readonly data: { readonly n: number } }[];
  readonly next: string | null;
  readonly prev: string | null;
  readonly scanned: number;
  readonly failed: number;
  readonly kept: number;
}

async function page(path: string, query: Record<string, string>): Promise<Page> {
  const { status, json } = await ask("GET", url(path, query));
  expect({ status, json }).toMatchObject({ status: 200 });
  return json;
}

test("pages of a filter are walked in both directions, and say what was looked at", async () => {
  for (let i = 0; i < 5; i++) {
    const events = Array.from({ length: 1000 }, (_, n) => ({ n: i * 1000 + n }));
    await post(url("/v1/topics/many/records"), events);
  }
  for (const direction of ["prev", "next"] as const) {
    const found: number[] = [];
    let scanned = 0;
    let query: Record<string, string> = direction === "next" ? { after: "earliest" } : {};
    for (;;) {
      const read = await page("/v1/topics/many/records", {
        ...query,
        where: "value.n % 1000 == 7",
        limit: "2",
      });
      const numbers = read.events.map(({ data }) => data.n);
      if (direction === "next") found.push(...numbers);
      else found.unshift(...numbers);
      scanned += read.scanned;
      expect(read.kept).toBe(5000);
      const at = read[direction];
      if (at === null) break;
      query = direction === "next" ? { after: at } : { before: at };
    }
    expect(found).toEqual([7, 1007, 2007, 3007, 4007]);
    expect(scanned).toBe(5000);
  }
  const failing = await page("/v1/topics/many/records", { where: "value.m == 1", limit: "1000" });
  expect(failing).toMatchObject({ events: [], scanned: 5000, failed: 5000 });
  expect(failing).toMatchObject({ failure: "field not found: m", undecodable: 0 });
});

test("a topic is read from a time, as pages and as a stream", async () => {
  const records = url("/v1/topics/timed/records");
  await post(records, [{ n: 1 }]);
  await Bun.sleep(30);
  const fromMs = Date.now();
  await post(records, [{ n: 2 }, { n: 3 }]);
  for (const from of [String(fromMs), new Date(fromMs).toISOString(), `${fromMs}000000`]) {
    const read = await page("/v1/topics/timed/records", { from });
    expect(read.events.map(({ data }) => data.n)).toEqual([2, 3]);
    const stream = await openSse(url("/v1/topics/timed/sse", { from }));
    expect((await stream.take(2)).map(({ data }) => data)).toEqual(['{"n":2}', '{"n":3}']);
    stream.close();
  }
  for (const query of [{ from: "1", after: "earliest" }, { from: "soon" }]) {
    const { status, json } = await ask("GET", url("/v1/topics/timed/records", query));
    expect(status).toBe(400);
    expect(json.errors[0].field).toBe("from");
  }
});

test("a list shows the start of large values, and one record all of it, as text and as bytes", async () => {
  const records = url("/v1/topics/large/records");
  const large = { id: 9_007_199_254_740_991, body: "x".repeat(900_000) };
  const body = JSON.stringify(large).replace("740991", "740993");
  for (let i = 0; i < 30; i++) {
    await fetch(records, {
      method: "POST",
      headers: { "content-type": "application/json", "sluice-dedup": String(i) },
      body,
    });
  }
  const query = { details: "true", value_bytes: "256", limit: "1000" };
  const events: { position: string; size: number; content_type: string; cut: string }[] = [];
  let bytes = 0;
  for (let before: string | null = ""; before !== null;) {
    const response = await fetch(
      url("/v1/topics/large/records", before === "" ? query : { ...query, before }),
    );
    const text = await response.text();
    bytes += text.length;
    const read = JSON.parse(text);
    events.unshift(...read.events);
    before = read.prev;
  }
  expect(bytes).toBeLessThan(30 * 1500);
  expect(events).toHaveLength(30);
  expect(events[0]).toMatchObject({ size: body.length, content_type: "application/json" });
  expect(events[0]?.cut).toBe(body.slice(0, 256));

  const position = events[7]?.position ?? "";
  const one = await fetch(url(`/v1/topics/large/records/${position}`));
  const whole = await one.text();
  expect(whole).toContain(`"data":${body}`);
  expect(whole).toContain('"received":"');
  const value = url(`/v1/topics/large/records/${position}/value`);
  const raw = await fetch(value);
  expect(await raw.text()).toBe(body);
  expect(raw.headers.get("content-disposition")).toStartWith("attachment");
  expect(raw.headers.get("x-content-type-options")).toBe("nosniff");
  const slice = await fetch(`${value}&offset=6&length=16`);
  expect(await slice.text()).toBe("9007199254740993");
  expect(slice.headers.get("sluice-value-bytes")).toBe(String(body.length));
  const missing = await ask("GET", url("/v1/topics/large/records/11-11"));
  expect([missing.status, missing.json.code]).toEqual([410, "position_gone"]);
  const decoded = await ask("GET", `${value}&decode=json`);
  expect(decoded.status).toBe(400);
});

test("an export has what matches, in each format, and no formula in a cell", async () => {
  const records = url("/v1/topics/exported/records");
  await post(records, [
    { id: "SMALL", n: 1 },
    { id: "x", n: 2 },
  ]);
  const exact = '{"n": 9007199254740993,\n "price": 1.50}';
  for (const [body, type] of [
    [exact, "application/vnd.x+json"],
    ["=1+1", "text/csv"],
    [new Uint8Array([255, 0]), "application/octet-stream"],
  ] as const) {
    const { status } = await fetch(`${records}&key=${encodeURIComponent("@k")}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect({ type, status }).toEqual({ type, status: 200 });
  }
  const exported = (query: Record<string, string>) =>
    fetch(url("/v1/topics/exported/export", query));
  const lines = (await (await exported({})).text()).trimEnd().split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[2]).toContain('"data":{"n": 9007199254740993,  "price": 1.50}');
  expect(JSON.parse(lines[4] ?? "")).toMatchObject({ data: { base64: "/wA=" }, size: 2 });
  const filtered = await exported({ where: "value.n == 9007199254740993" });
  expect((await filtered.text()).trimEnd().split("\n")).toHaveLength(1);

  const csv = await exported({ format: "csv", key: "@k" });
  expect(csv.headers.get("content-disposition")).toBe('attachment; filename="exported.csv"');
  const text = await csv.text();
  expect(text.split("\r\n")[0]).toBe(
    "position,time,received,key,content_type,schema_id,schema,size,headers,encoding,value",
  );
  expect(text).toContain(",'@k,");
  expect(text).toContain(",text,'=1+1\r\n");
  expect(text).toContain("9007199254740993");
  expect(text).toContain(",base64,/wA=\r\n");

  const parquet = await exported({ format: "parquet" });
  const rows = await parquetReadObjects({ file: await parquet.arrayBuffer() });
  expect(rows.map(({ size, encoding }) => [size, encoding])).toEqual([
    [20, "json"],
    [16, "json"],
    [exact.length, "json"],
    [4, "text"],
    [2, "base64"],
  ]);
  expect(rows[2]?.["value"]).toBe(exact);
  const late = await exported({ from: "4102444800" });
  expect(await late.text()).toBe("");
});
