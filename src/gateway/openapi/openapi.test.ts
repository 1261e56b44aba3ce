// The document against the OpenAPI 3.1 schema, and against the router, in both directions.

import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Hono } from "hono";
import { withParts } from "../../../test/support/parts.ts";
import { methods, type Operation, type Paths } from "../../http/openapi/model.ts";
import { createHttpApp } from "../http.ts";
import { openApiDocument } from "./document.ts";

const { document, routes } = await withParts(({ parts, platform }) => {
  // Calls are described by their schemas and by reflection instead.
  const rpc = { methods: new Map(), fetch: () => Promise.reject(new Error("unused")) };
  const app = createHttpApp(parts, { ...platform, rpc });
  return { document: openApiDocument("1.2.3", parts), routes: routesOf(app) };
});

test("is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
});

test("describes every route, and nothing else", () => {
  const described = operations(document.paths).map(({ method, path }) => `${method} ${path}`);
  expect(described.toSorted()).toEqual(routes.toSorted());
});

test("has every reference that it makes", () => {
  const text = JSON.stringify(document);
  const missing = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)]
    .map(([, path = ""]) => path)
    .filter((path) => resolve(path) === undefined);
  expect(missing).toEqual([]);
});

test("uses every shared part that it has", () => {
  const text = JSON.stringify(document);
  const { securitySchemes, ...referred } = document.components;
  const unused = Object.entries(referred).flatMap(([kind, parts]) =>
    Object.keys(parts).filter((name) => !text.includes(`"#/components/${kind}/${name}"`)),
  );
  expect(unused).toEqual([]);
  const shown = operations(document.paths).flatMap(({ operation }) =>
    operation.security.flatMap((one) => Object.keys(one)),
  );
  expect([...new Set(shown)].toSorted()).toEqual(Object.keys(securitySchemes).toSorted());
});

describe("each operation", () => {
  const all = operations(document.paths);

  test("has a unique id, a summary and a known tag", () => {
    const ids = all.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { operation } of all) {
      expect(operation.summary).not.toBe("");
      expect(tags).toContain(operation.tags[0] ?? "");
    }
  });

  test("names the parameters of its path", () => {
    for (const { path, names } of all) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
      expect({ path, names }).toEqual({ path, names: wanted });
    }
  });

  test("that is not public names the grant and how to show it, a ticket where headers cannot be sent", () => {
    for (const { operation } of all) {
      const { security, operationId } = operation;
      const grant = operation["x-sluice-grant"];
      expect({ operationId, isPublic: security.length === 0 }).toEqual({
        operationId,
        isPublic: grant === undefined,
      });
      if (grant === undefined) continue;
      expect(grant).toMatch(/^(?:read|append|manage) [a-z]+:\S/);
      const takesTicket = security.some((one) => "ticket" in one);
      expect({ operationId, takesTicket }).toEqual({
        operationId,
        takesTicket: operation["x-endless"] === true,
      });
    }
  });

  test("that streams or switches protocol is marked as endless", () => {
    for (const { operation } of all) {
      const answers = JSON.stringify(operation.responses);
      const endless = answers.includes("text/event-stream") || "101" in operation.responses;
      expect({ id: operation.operationId, endless: operation["x-endless"] === true }).toEqual({
        id: operation.operationId,
        endless,
      });
    }
  });
});

function operations(paths: Paths) {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation: Operation | undefined = item[method];
      if (operation === undefined) return [];
      const names = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === "path")
        .map(({ name }) => name);
      return [{ method: method.toUpperCase(), path, operation, names }];
    }),
  );
}

/** Without the files that pages load, and the addresses within the dashboard, which all show the same page. */
function routesOf(app: Hono): string[] {
  return [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))]
    .filter((route) => !/^GET \/(livedoc|login|ui)\/(assets\/|\*)/.test(route))
    .map((route) => route.replaceAll(/:(\w+)/g, "{$1}"));
}

function resolve(path: string): unknown {
  return path
    .split("/")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
}
