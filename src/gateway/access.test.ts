// Every address, method and message declares what it needs of its caller. The lists are those that the
// gateway serves from, so a new one fails here until it declares that.

import { expect, test } from "bun:test";
import { accessTables } from "../../test/support/access-tables.ts";
import { withParts } from "../../test/support/parts.ts";
import type { Access } from "../core/access/need.ts";
import { addressOf } from "../http/endpoint/endpoint.ts";
import { pathOfMethod } from "../rpc/access.ts";

/** The files of pages, which have no endpoint: they are the same for every caller. */
const pageFiles = /^GET \/(?:livedoc|ui|login)\/assets\/:\w+$/;

const tables = await withParts(accessTables);

const methods = tables.methods.map(pathOfMethod);
const asRouted = (address: string) => address.replaceAll(/\{(\w+)\}/g, ":$1");
const declared = new Map(
  tables.endpoints.map((endpoint) => [asRouted(addressOf(endpoint)), endpoint.access]),
);

test("every route is an endpoint that says what it needs", () => {
  // Middleware has no address.
  const routes = tables.routes.filter((route) => !route.endsWith("*") && !pageFiles.test(route));
  expect(routes.length).toBeGreaterThan(90);
  const silent = routes.filter((route) => declared.get(route) === undefined);
  expect([...new Set(silent)]).toEqual([]);
});

test("every address that bypasses the router says what it needs", () => {
  expect(tables.hot.length).toBeGreaterThan(2);
  const hot = tables.hot.map(asRouted);
  expect(hot.filter((address) => declared.get(address) === undefined)).toEqual([]);
});

test("no address that bypasses the router takes another one's requests", () => {
  expect(tables.hot.filter((address) => address.includes("{")).length).toBeGreaterThan(1);
  for (const address of tables.hot) {
    const pattern = new RegExp(`^${address.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const others = tables.endpoints.map(addressOf).filter((other) => pattern.test(other));
    expect(others).toEqual([address]);
  }
});

test("every method says what it needs, on whichever path it is served", () => {
  expect(methods.length).toBeGreaterThan(18);
  expect(tables.thin.length).toBe(4);
  const silent = [...methods, ...tables.thin].filter((path) => !tables.access.has(path));
  expect(silent).toEqual([]);
});

test("nothing says what a method needs that does not exist", () => {
  expect([...tables.access.keys()].filter((path) => !methods.includes(path))).toEqual([]);
});

test("every message of a socket says what it needs", () => {
  const sockets = tables.endpoints.flatMap(({ socket }) => socket ?? []);
  expect(sockets.length).toBeGreaterThan(2);
  for (const { toServer } of sockets) {
    for (const { access } of toServer) expect(access).toBeDefined();
  }
});

test("what everybody may ask for says why", () => {
  const all: readonly (readonly [string, Access | undefined])[] = [...declared, ...tables.access];
  const open = all.flatMap(([address, access]) =>
    access?.kind === "public" ? [{ address, why: access.why }] : [],
  );
  for (const { why } of open) expect(why.length).toBeGreaterThanOrEqual("a redirect".length);
  // Nothing that changes what others have.
  const changing = open.filter(({ address }) => /^(?:PUT|DELETE) /.test(address));
  expect(changing.map(({ address }) => address)).toEqual(["DELETE /v1/session"]);
});

test("an endpoint names a parameter that it has", () => {
  const wrong = tables.endpoints.filter(({ access, params, query }) => {
    if (access?.kind !== "grant" || !("param" in access.of)) return false;
    return !(access.of.param in params) && !(access.of.param in query);
  });
  expect(wrong.map(addressOf)).toEqual([]);
});
