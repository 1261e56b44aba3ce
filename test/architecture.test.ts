// The rules of the code base as tests. First that the checker sees each kind of violation, then
// that `src/` has none.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "./architecture/checker.ts";
import { pending } from "./architecture/pending.ts";
import { checkSettings } from "./architecture/settings.ts";

const root = join(import.meta.dir, "..");

function checkFiles(files: Record<string, string>): string[] {
  return check(Object.entries(files).map(([path, text]) => ({ path, text })));
}

const port = { "core/log.ts": "export interface Log { close(): void }" };

describe("the checker refuses", () => {
  const cases: [what: string, files: Record<string, string>, message: RegExp][] = [
    [
      "a reach outwards",
      { "hub/hub.ts": `import { a } from "../http/a.ts";`, "http/a.ts": "export const a = 1;" },
      /src\/hub\/hub\.ts: .*ring 1 may not reach out to ring 2 \(src\/http\).*declare a port/,
    ],
    [
      "a type import outwards",
      { "core/a.ts": `import type { B } from "../hub/b.ts";`, "hub/b.ts": "export type B = 1;" },
      /ring 0 may not reach out to ring 1/,
    ],
    [
      "an import type in a type position",
      { "core/a.ts": `export type A = import("../hub/b.ts").B;`, "hub/b.ts": "export type B = 1;" },
      /ring 0 may not reach out/,
    ],
    [
      "a re-export outwards",
      { "core/a.ts": `export * from "../hub/b.ts";`, "hub/b.ts": "export type B = 1;" },
      /ring 0 may not reach out/,
    ],
    [
      "a dynamic import outwards",
      { "core/a.ts": `await import("../hub/b.ts");`, "hub/b.ts": "export type B = 1;" },
      /ring 0 may not reach out/,
    ],
    [
      "a sibling",
      {
        "http/a.ts": `import { s } from "../postgres/s.ts";`,
        "postgres/s.ts": "export const s = 1;",
      },
      /siblings in ring 2.*missing noun in src\/core/,
    ],
    [
      "the composition from a runtime",
      {
        "runtime/bun.ts": `import { b } from "../gateway/gateway.ts";`,
        "gateway/gateway.ts": "export const b = 1;",
      },
      /ring 2 may not reach out to ring 4/,
    ],
    [
      "one driver in another",
      {
        "log/kafka/log.ts": `import { p } from "../postgres/log.ts";`,
        "log/postgres/log.ts": "export const p = 1;",
      },
      /drivers never import each other/,
    ],
    [
      "one feature in another",
      {
        "features/emitters/a.ts": `import { b } from "../topics/b.ts";`,
        "features/topics/b.ts": "export const b = 1;",
      },
      /feature emitters may not import feature topics/,
    ],
    [
      "the routes of a feature that another depends on",
      {
        "features/topics/http/a.ts": `import { b } from "../../emitters/http/b.ts";`,
        "features/emitters/http/b.ts": "export const b = 1;",
      },
      /feature topics may not import feature emitters/,
    ],
    [
      "the store in a feature's domain",
      {
        "features/emitters/a.ts": `import { b } from "./store/b.ts";`,
        "features/emitters/store/b.ts": "export const b = 1;",
      },
      /domain of emitters may not import its store/,
    ],
    [
      "the store in a feature's routes",
      {
        "features/emitters/http/a.ts": `import { b } from "../store/b.ts";`,
        "features/emitters/store/b.ts": "export const b = 1;",
      },
      /http\/ and store\/ of emitters never import each other/,
    ],
    [
      "HTTP in a feature's domain",
      {
        "features/emitters/a.ts": `import { b } from "../../http/b.ts";`,
        "http/b.ts": "export const b = 1;",
      },
      /only http\/ and part\.ts of a feature may import src\/http/,
    ],
    [
      "a router in a feature's domain",
      { "features/emitters/a.ts": `import { Hono } from "hono";` },
      /keep HTTP in an http\/ folder/,
    ],
    [
      "a feature in the engine",
      {
        "http/a.ts": `import { b } from "../features/emitters/b.ts";`,
        "features/emitters/b.ts": "export const b = 1;",
      },
      /ring 2 may not reach out to ring 3/,
    ],
    [
      "a long function",
      { "core/a.ts": `export function long() {\n${"//\n".repeat(100)}}` },
      /function long has 102 lines, expected at most 100/,
    ],
    [
      "a full folder",
      Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`core/f${n}.ts`, "export {};"])),
      /src\/core: it has 26 source files, expected at most 25/,
    ],
    [
      "a long composition",
      { "gateway/gateway.ts": "//\n".repeat(151) },
      /151 lines, expected at most 150/,
    ],
    [
      "a client that knows the gateway",
      { "client/c.ts": `import { h } from "../hub/h.ts";`, "hub/h.ts": "export const h = 1;" },
      /src\/client imports only client, core, gen/,
    ],
    ["a way out of src", { "cli/a.ts": `import "../../scripts/start.ts";` }, /src\/ stands alone/],
    ["a folder without a ring", { "utils/a.ts": "export const a = 1;" }, /it is in no ring/],
    [
      "a package in the wrong folder",
      { "hub/a.ts": `import { Hono } from "hono";` },
      /belongs in src\/http\//,
    ],
    [
      "a middleware in the wrong folder",
      { "rpc/a.ts": `import { cors } from "hono/cors";` },
      /belongs in src\/http\//,
    ],
    [
      "Bun's part of hono",
      { "http/a.ts": `import { serveStatic } from "hono/bun";` },
      /belongs in src\/runtime\/bun\.ts/,
    ],
    [
      "a type of a package",
      { "core/a.ts": `import type { Sql } from "postgres";` },
      /belongs in src\/postgres\/, src\/log\/postgres\//,
    ],
    [
      "NATS in another driver",
      { "log/postgres/a.ts": `import "@nats-io/jetstream";` },
      /belongs in src\/log\/jetstream/,
    ],
    [
      "a package of no folder",
      { "http/a.ts": `import _ from "lodash";` },
      /table of packages does not name it/,
    ],
    ["HTTP/2 outside rpc", { "http/a.ts": `import "node:http2";` }, /belongs in src\/rpc\//],
    [
      "I/O in the core",
      { "core/a.ts": `import { readFile } from "node:fs/promises";` },
      /rings 0 and 1 and a feature's domain do no I\/O/,
    ],
    [
      "bun:*",
      { "postgres/a.ts": `import { Database } from "bun:sqlite";` },
      /belongs in src\/runtime\/bun\.ts/,
    ],
    [
      "the global Bun",
      { "http/a.ts": "export const s = Bun.serve({});" },
      /global Bun, which belongs in src\/runtime\/bun\.ts/,
    ],
    ["a type of Bun", { "http/a.ts": "export type S = Bun.Server;" }, /global Bun/],
    ["Bun by globalThis", { "http/a.ts": "export const s = globalThis.Bun;" }, /global Bun/],
    ["Bun in the Deno runtime", { "runtime/deno.ts": "export const s = Bun.env;" }, /global Bun/],
    ["the global Deno", { "runtime/bun.ts": "export const d = Deno.pid;" }, /global Deno/],
    [
      "a text decoder with its own idea of a byte order mark",
      { "log/text.ts": "export const decoder = new TextDecoder();" },
      /global TextDecoder, which belongs in src\/core\/utf8\.ts/,
    ],
    [
      "process.env",
      { "gateway/config.ts": "export const p = process.env.PORT;" },
      /process\.env, which belongs in src\/runtime\//,
    ],
    [
      "process.env by name",
      { "postgres/a.ts": `export const p = process["env"];` },
      /process\.env/,
    ],
    [
      "process.env taken apart",
      { "postgres/a.ts": "export const { env } = process;" },
      /process\.env/,
    ],
    [
      "process.env imported",
      { "postgres/a.ts": `import { env } from "node:process";` },
      /process\.env/,
    ],
    [
      "an import without extension",
      { ...port, "hub/a.ts": `import type { Log } from "../core/log";` },
      /import with its extension, "\.\.\/core\/log\.ts"/,
    ],
    [
      "an import of .js",
      { ...port, "hub/a.ts": `import type { Log } from "../core/log.js";` },
      /name the file itself, with "\.ts"/,
    ],
    [
      "an import of a folder",
      { "core/x/index.ts": "export const a = 1;", "hub/a.ts": `import "../core/x";` },
      /name a file of the folder/,
    ],
    ["an import of nothing", { "hub/a.ts": `import "./b.ts";` }, /there is no such file/],
    [
      "a default export",
      { "core/a.ts": "export default 1;" },
      /default export: export it by its name/,
    ],
    [
      "a default export by renaming",
      { "core/a.ts": "const a = 1; export { a as default };" },
      /default export/,
    ],
    ["an enum", { "core/a.ts": "export enum Colour { Red }" }, /enum Colour would need a compiler/],
    ["a long file", { "core/a.ts": "//\n".repeat(401) }, /401 lines, expected at most 400/],
    ["a file that cannot be parsed", { "core/a.ts": "export const = ;" }, /cannot be parsed/],
    [
      "a cycle of types",
      {
        "core/a.ts": `import type { B } from "./b.ts"; export type A = B;`,
        "core/b.ts": `import type { C } from "./c.ts"; export type B = C;`,
        "core/c.ts": `import type { A } from "./a.ts"; export type C = A;`,
      },
      /src\/core\/a\.ts → src\/core\/b\.ts → src\/core\/c\.ts → src\/core\/a\.ts: a cycle/,
    ],
  ];
  test.each(cases)("%s", (_what, files, message) => {
    const found = checkFiles(files);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join("\n")).toMatch(message);
  });
});

describe("the checker lets pass", () => {
  const cases: [what: string, files: Record<string, string>][] = [
    ["an import inwards", { ...port, "hub/a.ts": `import type { Log } from "../core/log.ts";` }],
    ["a neighbour", { "log/kafka/a.ts": `import "./b.ts";`, "log/kafka/b.ts": "export {};" }],
    [
      "what drivers share",
      { "log/kafka/a.ts": `import "../shared.ts";`, "log/shared.ts": "export {};" },
    ],
    [
      "the PostgreSQL driver on the engine's PostgreSQL",
      { "log/postgres/a.ts": `import "../../postgres/b.ts";`, "postgres/b.ts": "export {};" },
    ],
    [
      "a feature's part",
      {
        "features/a/part.ts": `import "./http/r.ts"; import "./store/s.ts"; import "./a.ts";`,
        "features/a/http/r.ts": `import "../a.ts"; import { Hono } from "hono";`,
        "features/a/store/s.ts": `import "../a.ts"; import "../../../postgres/p.ts";`,
        "features/a/a.ts": `import "../../hub/h.ts";`,
        "hub/h.ts": "export {};",
        "postgres/p.ts": "export {};",
      },
    ],
    [
      "a feature that another depends on",
      {
        "features/ack-rules/a.ts": `import "../lifecycle/l.ts";`,
        "features/lifecycle/l.ts": "export {};",
      },
    ],
    ["the command line from main", { "main.ts": `import "./cli/a.ts";`, "cli/a.ts": "export {};" }],
    ["packages at home", { "http/a.ts": `import { Hono } from "hono"; import { z } from "zod";` }],
    ["pure built-ins", { "features/registry/a.ts": `import { createHash } from "node:crypto";` }],
    [
      "names that are no globals",
      { "core/a.ts": `export const a = { Bun: 1, Deno: 2 }; a.Bun; // Bun.serve` },
    ],
    ["words in strings", { "core/a.ts": `export const a = "import x from 'hono'; Bun.serve";` }],
    ["process without its environment", { "cli/a.ts": "process.exitCode = 1;" }],
    [
      "files that are not code",
      { "ui/a.ts": `import page from "./page.html" with { type: "text" };` },
    ],
    [
      "a test with a real driver",
      { "hub/a.test.ts": `import "bun:test"; import "../log/m.ts";`, "log/m.ts": "export {};" },
    ],
    ["a test with its support", { "hub/a.test.ts": `import "../../test/support/nats.ts";` }],
    ["long generated files", { "gen/a_pb.ts": "//\n".repeat(900) }],
  ];
  test.each(cases)("%s", (_what, files) => {
    expect(checkFiles(files)).toEqual([]);
  });
});

test("src/ keeps the import rule", () => {
  const src = join(root, "src");
  const paths = [...new Bun.Glob("**/*.{ts,tsx}").scanSync({ cwd: src })].toSorted();
  expect(paths.length).toBeGreaterThan(0);
  const sources = paths.map((path) => ({ path, text: readFileSync(join(src, path), "utf8") }));
  const isPending = (line: string) => pending.some((file) => line.startsWith(`src/${file}: `));
  expect(check(sources).filter((line) => !isPending(line))).toEqual([]);
});

describe("settings", () => {
  test("one without documentation is seen", () => {
    const found = checkSettings(`env["SLUICE_PORT"]; env.NATS_URL;`, "| `NATS_URL` | … |");
    expect(found).toEqual([
      "SLUICE_PORT is read in a config.ts of src/gateway: describe it in docs/settings.md, in backquotes",
    ]);
  });

  test("documentation of one that is gone is seen", () => {
    const found = checkSettings("env.NATS_URL", "`NATS_URL`, `SLUICE_OLD`, `SLUICE_TEST_CHROMIUM`");
    expect(found).toEqual([
      "SLUICE_OLD is described in docs/settings.md: no config.ts of src/gateway reads it, remove it",
    ]);
  });

  test("a configuration that reads none is seen", () => {
    expect(checkSettings("export {};", "")).toHaveLength(1);
  });

  test("all are documented in docs/settings.md", () => {
    const files = [...new Bun.Glob("src/gateway/config*.ts").scanSync({ cwd: root })];
    const config = files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
    const documentation = readFileSync(join(root, "docs/settings.md"), "utf8");
    expect(checkSettings(config, documentation)).toEqual([]);
  });
});
