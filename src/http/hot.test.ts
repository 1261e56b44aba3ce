import { expect, test } from "bun:test";
import { Hono } from "hono";
import { Failure } from "../core/failure.ts";
import { silent as logger } from "../core/logger.ts";
import { isPublic } from "./access.ts";
import { mountHot, serveHot } from "./hot.ts";
import { mountCors } from "./origin.ts";

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
