import { expect, test } from "bun:test";
import { Hono } from "hono";
import { Caller } from "../core/access/caller.ts";
import { Grants, parseGrants } from "../core/access/grant.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import type { Fetch } from "../core/host.ts";
import { silent as logger } from "../core/logger.ts";
import { parseName } from "../core/topic.ts";
import { isPublic, needs, setCaller } from "./access.ts";
import { endpoint, serve } from "./endpoint/endpoint.ts";
import { count, optional, parameter } from "./endpoint/parameter.ts";
import { nameShape } from "./endpoint/shapes.ts";
import { hotRoute, mountHot, serveHot } from "./hot.ts";
import { mountCors } from "./origin.ts";
import { failureResponse } from "./problem.ts";

const address = "http://localhost/hot";
const page = "https://page.example";
const hot = { method: "POST", path: "/hot", access: isPublic("a test") } as const;

test.each([[[page]], [[]]])(
  "what the router adds stays out of an answer given many times, origins %p",
  async (origins) => {
    const shared = new Response(null, { status: 204 });
    const routes = [{ endpoint: hot, handle: async () => shared }];
    const app = new Hono();
    mountCors(app, origins);
    app.use(async (c, next) => {
      await next();
      c.res.headers.set("x-added", "1");
    });
    mountHot(app, routes);
    const fetch = serveHot(routes, (request) => app.fetch(request), logger);
    for (let i = 0; i < 2; i++) {
      const ofPage = new Request(address, { method: "POST", headers: { origin: page } });
      const answered = await fetch(ofPage);
      expect(answered.status).toBe(204);
      expect(answered.headers.get("access-control-allow-origin")).toBe(origins[0] ?? null);
      expect(answered.headers.get("x-added")).toBe("1");
      expect(await fetch(new Request(address, { method: "POST" }))).toBe(shared);
    }
    expect([...shared.headers]).toEqual([]);
  },
);

test("other methods and addresses are the router's, and a failure is a problem", async () => {
  const handle = () => Promise.reject(new Failure("overloaded", "Too much"));
  const routes = [{ endpoint: hot, handle }];
  const fetch = serveHot(routes, () => new Response("router"), logger);
  const post = (url: string) => fetch(new Request(url, { method: "POST" }));
  expect(await (await fetch(new Request(address))).text()).toBe("router");
  expect(await (await post("http://localhost/hot/")).text()).toBe("router");
  expect(await (await post(`${address}?x=1`)).text()).toBe("router");
  const failed = await post(address);
  expect(failed.status).toBe(429);
  expect(await failed.json()).toMatchObject({ code: "overloaded", detail: "Too much" });
});

test("an address with a name in it is served as the router serves it", async () => {
  const declared = endpoint("POST /named/{name}/records", {
    ...{ id: "named", tag: "test", summary: "A test", access: isPublic("a test") },
    params: { name: parameter("A name", nameShape, parseName) },
    headers: { "X-Count": optional(count("How many", { max: 9 })) },
    answers: {},
  });
  const handler = async (given: unknown) => Response.json(given);
  const app = new Hono();
  serve(app, declared, handler);
  app.onError((error) => failureResponse(new Request(address), failureFrom(error)));
  const router = async (request: Request) => {
    const response = await app.fetch(request);
    response.headers.set("x-router", "1");
    return response;
  };
  const fetch = serveHot([hotRoute(declared, handler)], router, logger);
  const post = (path: string, headers: Record<string, string> = {}) =>
    fetch(new Request(`http://localhost${path}`, { method: "POST", headers }));

  const hotPath = await post("/named/a.b-c/records", { "x-count": "3" });
  expect(hotPath.headers.get("x-router")).toBeNull();
  expect(await hotPath.json()).toEqual({
    params: { name: "a.b-c" },
    query: {},
    headers: { "X-Count": 3 },
  });
  // The router decodes an escape, and knows what has no name or a query.
  const escaped = await post("/named/%61/records");
  expect(escaped.headers.get("x-router")).toBe("1");
  expect(await escaped.json()).toMatchObject({ params: { name: "a" } });
  for (const path of ["/named//records", "/named/a/b/records", "/named/a/records?x=1"]) {
    expect((await post(path)).headers.get("x-router")).toBe("1");
  }
  // What the parsers refuse is refused alike.
  for (const [path, headers] of [
    ["/named/a~b/records", {}],
    ["/named/a/records", { "x-count": "10" }],
  ] as const) {
    const refused = await post(path, headers);
    expect([refused.status, refused.headers.get("x-router")]).toEqual([400, null]);
    const routed = await app.fetch(
      new Request(`http://localhost${path}`, { method: "POST", headers }),
    );
    expect([routed.status, await routed.json()]).toEqual([400, await refused.json()]);
  }
});

test("who may not append to a name is refused as the router refuses it", async () => {
  const declared = endpoint("POST /named/{name}", {
    ...{ id: "named", tag: "test", summary: "A test", answers: {} },
    params: { name: parameter("A name", nameShape, parseName) },
    access: needs("append", "topic", { param: "name" }),
  });
  const handler = async () => new Response("taken");
  const app = new Hono();
  serve(app, declared, handler);
  app.onError((error, c) => failureResponse(c.req.raw, failureFrom(error)));
  const fetch = serveHot([hotRoute(declared, handler)], () => new Response("router"), logger);
  const answer = async (ask: Fetch, name: string) => {
    const request = new Request(`http://localhost/named/${name}`, { method: "POST" });
    const grants = new Grants(parseGrants("append topic:mine"));
    setCaller(request, new Caller({ kind: "key", id: "key:a", name: "a", grants }));
    const response = await ask(request);
    return { status: response.status, headers: [...response.headers], text: await response.text() };
  };
  const taken = await answer(fetch, "mine");
  expect([taken.status, taken.text]).toEqual([200, "taken"]);
  const refused = await answer(fetch, "others");
  expect(refused.status).toBe(403);
  expect(refused).toEqual(await answer((request) => app.fetch(request), "others"));
});
