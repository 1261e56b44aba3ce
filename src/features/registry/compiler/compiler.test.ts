// The real compiler, on texts that are right, wrong and hostile.

import { expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Failure, failureFrom } from "../../../core/failure.ts";
import { createCompiler, defaultCompilerOptions } from "./compiler.ts";
import { withinLimits } from "./process-limits.ts";

const compiler = createCompiler();

test("returns the file with all its imports, including custom options", async () => {
  const set = await compile({
    "acme/v1/watch.proto": `
      syntax = "proto3";
      package acme.v1;
      import "acme/v1/units.proto";
      import "buf/validate/validate.proto";
      import "google/api/annotations.proto";
      import "google/protobuf/timestamp.proto";
      import "google/type/money.proto";
      message Watch {
        Unit unit = 1 [(buf.validate.field).enum.defined_only = true];
        google.protobuf.Timestamp at = 2;
        google.type.Money price = 3;
      }
      message Got {}
      service Watches { rpc Get(Watch) returns (Got) { option (google.api.http) = { get: "/v1" }; } }`,
    "acme/v1/units.proto": 'edition = "2023"; package acme.v1; enum Unit { UNIT_NONE = 0; }',
    "acme/v1/unused.proto": "this is not looked at",
  });
  const files = fromBinary(FileDescriptorSetSchema, set).file;
  expect(files.map((file) => file.name).toSorted()).toEqual([
    "acme/v1/units.proto",
    "acme/v1/watch.proto",
    "buf/validate/validate.proto",
    "google/api/annotations.proto",
    "google/api/http.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/timestamp.proto",
    "google/type/money.proto",
  ]);
  expect(files.every((file) => file.sourceCodeInfo === undefined)).toBe(true);
});

test("prefers a sent file to a bundled one", async () => {
  const set = await compile({
    "a.proto":
      'syntax = "proto3"; import "google/type/money.proto"; message A { google.type.Money m = 1; }',
    "google/type/money.proto":
      'syntax = "proto3"; package google.type; message Money { int64 cents = 1; }',
  });
  const money = fromBinary(FileDescriptorSetSchema, set).file.find((file) => file.package !== "");
  expect(money?.messageType[0]?.field.map((field) => field.name)).toEqual(["cents"]);
});

test("names every error by path, line and column", async () => {
  const failure = await refusal({
    "a.proto": `syntax = "proto3";
import "google/api/nothing.proto";
import "b.proto";
message A { strng a = 1; int32 b = 1; }`,
    "b.proto": "syntax = 'proto3';\nmessage B { Missing m = 1; }",
  });
  expect(failure.code).toBe("invalid");
  expect(failure.errors).toEqual([
    {
      field: "a.proto:2:1",
      code: "invalid",
      message: 'a.proto:2:1: imported file does not exist: import "google/api/nothing.proto";',
    },
    {
      field: "a.proto:4:13",
      code: "invalid",
      message: "a.proto:4:13: cannot find `strng` in this scope: strng",
    },
    {
      field: "a.proto:4:36",
      code: "invalid",
      message: "a.proto:4:36: field number `1` used more than once: 1",
    },
    {
      field: "b.proto:2:13",
      code: "invalid",
      message: "b.proto:2:13: cannot find `Missing` in this scope: Missing",
    },
  ]);
});

const hostile: Readonly<Record<string, Record<string, string>>> = {
  "is none": { "a.proto": "Dear compiler," },
  "imports itself": { "a.proto": 'syntax = "proto3"; import "a.proto";' },
  "imports in a circle": {
    "a.proto": 'syntax = "proto3"; import "b.proto";',
    "b.proto": 'syntax = "proto3"; import "a.proto";',
  },
  "nests 90,000 deep": { "a.proto": "message M{".repeat(90_000) + "}".repeat(90_000) },
  "is larger than 1 MiB": { "a.proto": `// ${"x".repeat(1024 * 1024)}` },
  "has the path of a folder": { "a.proto": "", "a.proto/b.proto": "" },
  "would leave its folder": { "a.proto": "", "../b.proto": "" },
  "has an absolute path": { "a.proto": "", "/etc/b.proto": "" },
  "would configure the compiler": { "a.proto": "", "buf.yaml": "version: v2" },
  "is many files": Object.fromEntries(
    Array.from({ length: 501 }, (_, n) => [n === 0 ? "a.proto" : `b${n}.proto`, ""]),
  ),
};

for (const [what, files] of Object.entries(hostile)) {
  test(`refuses a text that ${what}`, async () => {
    const failure = await refusal(files);
    expect(["invalid", "too_large"]).toContain(failure.code);
    expect(failure.message).toMatch(/^Cannot (compile|use) /);
    expect(failure.message.length).toBeLessThan(1000);
  });
}

test("compiles ten thousand messages", async () => {
  const messages = Array.from({ length: 10_000 }, (_, n) => `message M${n} { M${n} m = 1; }`);
  const set = await compile({ "a.proto": `syntax = "proto3";\n${messages.join("\n")}` });
  expect(fromBinary(FileDescriptorSetSchema, set).file[0]?.messageType.length).toBe(10_000);
});

test("ends at its deadline, refuses when its queue is full, and leaves nothing behind", async () => {
  const small = createCompiler({
    ...defaultCompilerOptions,
    timeMsMax: 1,
    runningMax: 1,
    waitingMax: 1,
  });
  const files = new Map([["a.proto", 'syntax = "proto3";']]);
  const codes = await Promise.all(
    [1, 2, 3].map(async () => {
      try {
        await small.compile(files, "a.proto");
        return "compiled";
      } catch (error) {
        return failureFrom(error).code;
      }
    }),
  );
  expect(codes).toEqual(["deadline_exceeded", "deadline_exceeded", "overloaded"]);
  expect(
    readdirSync(tmpdir()).filter((name) => name.startsWith(`sluice-compile-${process.pid}-`)),
  ).toEqual([]);
});

test("the system bounds the compiler's processor time and memory", async () => {
  const words = await withinLimits(10_000);
  // Without prlimit(1), as on macOS, the deadline alone bounds it.
  if (process.platform !== "linux") return;
  const [file = "", ...args] = words;
  const { stdout } = await promisify(execFile)(file, [...args, "sh", "-c", "ulimit -t; ulimit -v"]);
  expect(stdout).toBe(`21\n${4 * 1024 * 1024}\n`);
});

async function compile(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const [first = ""] = Object.keys(files);
  return await compiler.compile(new Map(Object.entries(files)), first);
}

async function refusal(files: Readonly<Record<string, string>>): Promise<Failure> {
  try {
    await compile(files);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return failureFrom(error);
  }
  throw new Error("It was compiled");
}
