// How callers show credentials over HTTP, what browsers may not do with them, and that an answer never
// tells whether a thing exists.

import { afterAll, describe, expect, test } from "bun:test";
import { startGateway } from "../../support/gateway.ts";
import { adminKey, asAdmin, bearer, closed, createKey } from "../../support/keys.ts";

const origin = "https://app.example";
const gateway = await startGateway({
  env: { ...closed, SLUICE_ORIGINS: origin, SLUICE_GUESTS: "0" },
});
afterAll(() => gateway.stop(), 30_000);
const { url } = gateway;

type Headers = Readonly<Record<string, string>>;

async function call(method: string, path: string, headers: Headers = {}, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(url + path, { method, headers: { ...type, ...headers }, ...init });
  return {
    ok: response.ok,
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  };
}

const get = (path: string, headers?: Headers) => call("GET", path, headers);

for (const topic of ["orders", "orders.eu", "secret", "secret.two"]) {
  expect((await call("PUT", `/v1/topics/${topic}`, asAdmin)).status).toBe(201);
}
for (const id of ["web-1", "web-2", "db-1"]) {
  const made = await call("PUT", `/log/${id}`, asAdmin, { source: "external" });
  expect(made.status).toBe(201);
}

describe("a credential in an address", () => {
  const secret = adminKey;

  test.each([
    `/v1/topics?token=${secret}`,
    `/v1/topics?access_token=${secret}`,
    `/v1/topics?api_key=x`,
    `/v1/topics/orders/records?key=${secret}`,
    `/api/v2/write?token=${secret}`,
    `/v1/topics/orders/sse?other=${secret}`,
  ])("%s is refused with the reason", async (path) => {
    const { status, text } = await get(path);
    expect(status).toBe(400);
    expect(JSON.parse(text).detail).toContain("Authorization: Bearer");
    expect(text).not.toContain(secret);
    expect(gateway.log()).not.toContain(secret);
  });

  test("is none where it is a record's key", async () => {
    const read = await createKey(gateway, "read topic:orders");
    const path = "/v1/topics/orders/records?key=customer-7";
    expect((await get(path, bearer(read.key))).status).toBe(200);
  });

  test("of InfluxDB 1 counts where its clients write, and nowhere else", async () => {
    const { key } = await createKey(gateway, "append series:*");
    const write = (path: string) =>
      fetch(url + path, {
        method: "POST",
        body: "cpu value=1",
        headers: { "content-type": "text/plain" },
      });
    expect((await write(`/write?u=me&p=${key}`)).status).toBe(204);
    expect((await write(`/write?u=${key}&p=`)).status).toBe(204);
    expect((await write("/write?u=me&p=wrong")).status).toBe(401);
    expect((await write("/write")).status).toBe(401);
    expect((await get(`/v1/series?u=me&p=${key}`)).status).toBe(400);
  });
});

describe("without a credential", () => {
  const hot: readonly (readonly [string, string, unknown])[] = [
    ["POST", "/save", { time: 1, tag: "t", values: [1] }],
    ["POST", "/api/event", { app_id: "a", message_id: "m", event: "e" }],
    ["POST", "/api/create_event", { app_id: "a", message_id: "m", event: "e" }],
    ["GET", "/api/create_event", undefined],
    ["POST", "/log/web-1", {}],
    ["GET", "/v1/topics", undefined],
    ["GET", "/magic", undefined],
    ["GET", "/status", undefined],
  ];

  test.each(hot)("%s %s names the schemes", async (method, path, body) => {
    for (const headers of [{}, bearer("wrong"), { authorization: "Basic eDp5" }]) {
      const { status, headers: answer, text } = await call(method, path, headers, body);
      expect([status, answer.get("content-type")]).toEqual([401, "application/problem+json"]);
      expect(JSON.parse(text).code).toBe("unauthenticated");
      expect(answer.get("www-authenticate")).toBe('Bearer realm="sluice", Basic realm="sluice"');
    }
  });

  test.each([
    { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" },
    { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0" },
  ])("a browser opens no dialog: %p", async (headers) => {
    const { status, headers: answer } = await get("/v1/topics", headers);
    expect([status, answer.get("www-authenticate")]).toEqual([401, 'Bearer realm="sluice"']);
  });

  test.each([
    "/livez",
    "/readyz",
    "/livedoc",
    "/ui",
    "/openapi.json",
    "/login",
    "/ping",
    "/health",
  ])("%s is public, also with a session that has ended", async (path) => {
    expect((await get(path)).ok).toBe(true);
    expect((await get(path, { cookie: "sluice_session=sls_ended" })).ok).toBe(true);
  });

  test("an address that is not there is not found", async () => {
    expect((await get("/nothing/here")).status).toBe(404);
  });
});

const pageKey = await createKey(gateway, "read topic:orders", "append topic:orders");
const signedIn = await fetch(`${url}/v1/session`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ key: pageKey.key }),
});
const [cookie = ""] = (signedIn.headers.get("set-cookie") ?? "").split(";");

describe("a page's session", () => {
  const own = { origin: url };
  const page = "/v1/topics/orders/records";
  const append = (headers: Headers) => call("POST", page, { cookie, ...headers }, { n: 1 });

  test("counts for the gateway's own pages and what a person opens", async () => {
    for (const headers of [
      {},
      own,
      { "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "none" },
    ]) {
      expect((await get(page, { cookie, ...headers })).status).toBe(200);
    }
    expect((await append(own)).status).toBe(200);
    expect((await append({ ...own, "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  test.each<Headers>([
    { origin },
    { origin, "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("does not count for other sites, allowed ones too: %p", async (headers) => {
    const read = await get(page, { cookie, ...headers });
    expect(read.status).toBe(401);
    expect(read.headers.has("access-control-allow-credentials")).toBe(false);
    expect((await append(headers)).status).toBe(401);
    const withKey = await get(page, { ...headers, ...bearer(pageKey.key) });
    expect(withKey.status).toBe(200);
    expect(withKey.headers.has("access-control-allow-credentials")).toBe(false);
  });

  test("does not count for another port of the host, or a write from nowhere", async () => {
    const other = { origin: "http://localhost:1" };
    expect((await get(page, { cookie, ...other })).status).toBe(401);
    expect((await append(other)).status).toBe(403);
    expect((await append({})).status).toBe(401);
  });

  test("that has ended is said to have", async () => {
    const { status, text } = await get("/v1/topics", { cookie: "sluice_session=sls_ended" });
    expect(status).toBe(401);
    expect(JSON.parse(text).detail).not.toContain("is needed");
  });
});

test("lists have what may be read, in full pages", async () => {
  const { key } = await createKey(
    gateway,
    "read topic:orders*",
    "read emitter:web-*",
    "read series:*",
  );
  const listed = async (path: string, member: string, name: string) => {
    const names: string[] = [];
    let after = "";
    for (;;) {
      const { text } = await get(`${path}?limit=1${after}`, bearer(key));
      const answer = JSON.parse(text);
      names.push(...answer[member].map((one: Record<string, string>) => one[name]));
      expect(text).not.toMatch(/secret|db-1|lifecycle/);
      if (answer.next === null) return names;
      after = `&after=${answer.next}`;
    }
  };
  expect(await listed("/v1/topics", "topics", "name")).toEqual([
    "measurements",
    "orders",
    "orders.eu",
  ]);
  expect(await listed("/log", "emitters", "id")).toEqual(["web-1", "web-2"]);
  const narrow = await createKey(gateway, "append topic:orders");
  for (const path of ["/v1/topics", "/log"]) {
    expect((await get(path, bearer(narrow.key))).status).toBe(403);
  }
});

const tooNarrow = await createKey(gateway, "read topic:orders", "append emitter:none");

describe("a caller without the right cannot tell whether a thing exists", () => {
  const event = { n: 1 };

  test.each<readonly [method: string, path: string, body: unknown]>([
    ["GET", "/v1/topics/NAME", undefined],
    ["PUT", "/v1/topics/NAME", { layout: "frames" }],
    ["DELETE", "/v1/topics/NAME", undefined],
    ["GET", "/v1/topics/NAME/records", undefined],
    ["POST", "/v1/topics/NAME/records", event],
    ["GET", "/v1/topics/NAME/sse", undefined],
    ["GET", "/sse/topics/NAME?tail=1", undefined],
    ["PUT", "/log/EMITTER", { source: "guest" }],
    ["POST", "/log/EMITTER", event],
    ["GET", "/log/EMITTER", undefined],
    ["DELETE", "/log/EMITTER", undefined],
    ["GET", "/sse/log/EMITTER", undefined],
    ["GET", "/log/sse/EMITTER", undefined],
    ["GET", "/v1/emitters/EMITTER", undefined],
  ])("%s %s", async (method, path, body) => {
    const answers = async (topic: string, emitter: string, headers: Headers) => {
      const at = path.replace("NAME", topic).replace("EMITTER", emitter);
      const { status, text } = await call(method, at, headers, body);
      return { status, text: text.replaceAll(topic, "NAME").replaceAll(emitter, "EMITTER") };
    };
    for (const [headers, status] of [
      [bearer(tooNarrow.key), 403],
      [{}, 401],
    ] as const) {
      const there = await answers("secret", "db-1", headers);
      expect(there.status).toBe(status);
      expect(await answers("nowhere", "no-1", headers)).toEqual(there);
    }
  });
});

test("an internal topic needs the right of what its records are about", async () => {
  const { key } = await createKey(gateway, "read topic:*", "append topic:*", "read emitter:web-1");
  const as = bearer(key);
  const status = async (path: string) => (await get(path, as)).status;
  expect(await status("/v1/topics/emitters/records?key=web-1")).toBe(200);
  expect(await status("/v1/topics/emitters/records?key=db-1")).toBe(403);
  for (const topic of ["emitters", "measurements", "lifecycle"]) {
    expect(await status(`/v1/topics/${topic}`)).toBe(403);
    expect(await status(`/v1/topics/${topic}/records`)).toBe(403);
    expect((await call("POST", `/v1/topics/${topic}/records`, as, { n: 1 })).status).toBe(403);
  }
});
