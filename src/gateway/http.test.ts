import { describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { silent } from "../core/logger.ts";
import { createHttpApp } from "./http.ts";

const rpc = { methods: new Map(), fetch: () => Promise.reject(new Error("unused")) };

describe.each([
  ["no foreign origins", []],
  ["an origin", ["https://app.example"]],
  ["all origins", ["*"]],
])("with %s", (_, origins) => {
  const part = {
    name: "test",
    http(app: Hono) {
      app.get("/both/:id", (c) => c.text("read"));
      app.put("/both/:id", (c) => c.text("written"));
    },
  };
  const app = createHttpApp([part], { logger: silent, origins, rpc });

  test("an unknown address is not found, whatever the method", async () => {
    for (const method of ["GET", "PUT", "POST", "DELETE"]) {
      const response = await app.request("/nothing/here", { method });
      expect([method, response.status]).toEqual([method, 404]);
      expect(await response.json()).toMatchObject({ code: "not_found" });
    }
  });

  test("another method of a known address is refused with those it has", async () => {
    const response = await app.request("/both/7", { method: "DELETE" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, PUT"]);
    expect(await response.json()).toMatchObject({
      code: "method_not_allowed",
      detail: "Cannot DELETE /both/7: expected GET, PUT",
    });
  });
});
