// Protobuf JSON, which a topic with a schema rule keeps as it was sent: what passes must mean the same
// to a reader in another language. The reference is Python's json_format.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { toBinary } from "@bufbuild/protobuf";
import { createDecoder } from "../../src/features/registry/decode/decoder.ts";
import { readJsonMessage } from "../../src/features/registry/decode/json/read-message.ts";
import { descriptorsOf, messageOf } from "../../src/features/registry/link/descriptors.ts";
import { linkSchema } from "../../src/features/registry/link/linked.ts";
import { compileProtos } from "../support/protos.ts";
import { pythonClients } from "../support/python-clients.ts";
import { findTool, toolTest } from "../support/tools.ts";
import { fuzz } from "./fuzz.ts";
import { requireLinear } from "./linear.ts";
import { messageText, proto } from "./protobuf-json-texts.ts";

const schema = linkSchema(await compileProtos({ "f.proto": proto }), "f.proto");
const decoder = createDecoder(schema);
const desc = messageOf(schema, "f.All");
const registry = descriptorsOf(schema);
const utf8 = new TextDecoder();

fuzz(
  "protobuf JSON that is accepted is printed as JSON that is accepted and means the same",
  { cases: 3000 },
  (random) => {
    const read = readJsonMessage(desc, messageText(random), registry);
    if ("issue" in read) {
      expect(read.issue.code).toBe("invalid");
      expect(read.issue.message).not.toContain("the library refuses it");
      expect(read.issue.message.length + read.issue.field.length).toBeLessThan(1000);
      return;
    }
    const printed = decoder.decode(toBinary(desc, read.message));
    const second = readJsonMessage(desc, new TextEncoder().encode(printed), registry);
    if ("issue" in second) throw new Error(`It refuses ${printed}: ${second.issue.message}`);
    expect(JSON.parse(decoder.decode(toBinary(desc, second.message)))).toEqual(JSON.parse(printed));
  },
);

const name = "protobuf JSON is accepted only if Python accepts it, with the same value";
const python = findTool(pythonClients);
if (python === undefined) toolTest(pythonClients, name, async () => {});
else compareWithPython(python);

function compareWithPython(python: string): void {
  let reference: Reference;
  beforeAll(() => {
    reference = startReference(python);
  });
  afterAll(() => reference.stop());

  fuzz(name, { cases: 2000 }, async (random) => {
    const text = messageText(random);
    const read = readJsonMessage(desc, text, registry);
    const answer = await reference.parse(text);
    const shown = utf8.decode(text);
    if ("issue" in read) {
      const { field, message } = read.issue;
      if ("bytes" in answer && !isLeniency(message)) {
        throw new Error(`Python accepts, Sluice refuses (${field} ${message}): ${shown}`);
      }
      return;
    }
    if ("error" in answer) {
      throw new Error(`Sluice accepts, Python refuses (${answer.error}): ${shown}`);
    }
    expect(printed(toBinary(desc, read.message))).toEqual(
      printed(Uint8Array.fromBase64(answer.bytes)),
    );
  });
}

/** protobuf-es writes its own host into the URLs of types, and Python reads -0 as the integer 0. */
function printed(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes).replaceAll(/"@type":"[^"]*\//g, '"@type":"');
  return JSON.parse(text.replaceAll(/(?<=[:[,])-0(?=[,\]}])/g, "0"));
}

/**
 * What Python accepts although the specification does not have it, or readers of other languages
 * refuse it: the text of the value tells.
 */
function isLeniency(message: string): boolean {
  return leniencies.some((leniency) => leniency.test(message));
}

const leniencies = [
  // int() and float() of Python: signs, zeros, underscores, other digits; a string that is too large a float.
  /is "(?!-?(0|[1-9]\d*)")[^"]*", expected a (whole )?number/,
  /has the key "(?!-?(0|[1-9]\d*)")[^"]*", expected a whole number/,
  /has the key "[^"]*" twice/,
  // A field by both of its names, and the number of an enum that has more than 32 bits.
  /has the field "\w+" twice/,
  /is -?[\d.e]{4,}, expected a whole number from -2147483648 to 2147483647/,
  // A boolean for a float or an enum,.
  /is (true|false), expected a (number|value of)/,
  // A number so small that a float of Python is 0.
  /is "?-?[\d.]+[eE]-\d{3,}"?, expected a whole number/,
  // NaN and Infinity without quotes.
  /has "[-NI]" at character \d+, expected a value/,
  // A number of a Value that becomes infinite.
  /is -?[\d.]+e\d+, expected a number of 64 bits/,
  // An empty array for an empty message.
  /is an array, expected an object/,
  // base64 with characters that are none, in two alphabets, or with too much padding.
  /, expected base64/,
  // A number in quotes.
  /is "\d+", expected a value of "f\.(Open|Closed)"/,
  /expected an RFC 3339 time/,
  /expected seconds up to/,
  /expected names of fields/,
  /has other members than "@type" and "value"/,
];

interface Reference {
  parse(text: Uint8Array): Promise<{ readonly bytes: string } | { readonly error: string }>;
  stop(): void;
}

function startReference(python: string): Reference {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  const set = join(folder, "set.binpb");
  writeFileSync(set, schema.set);
  const program = join(import.meta.dir, "protobuf-json.py");
  const child: ChildProcessWithoutNullStreams = spawn(python, [program, set, "f.All"]);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async parse(text) {
      child.stdin.write(`${text.toBase64()}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`The reference ended: ${errors}`);
      return JSON.parse(line.value);
    },
    stop() {
      child.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

const shapes: Readonly<Record<string, (size: number) => string>> = {
  "many members": (size) =>
    `{"struct":{${Array.from({ length: size / 8 }, (_, n) => `"a${n}":1`).join(",")}}}`,
  "a long list": (size) => `{"longs":[${"1,".repeat(size / 2)}1]}`,
  "a long number": (size) => `{"i32":${"9".repeat(size)}}`,
  "many zeros": (size) => `{"i32":1${"0".repeat(size)}1e-${size}}`,
  "a long exponent": (size) => `{"s64":1e${"9".repeat(size)}}`,
  "a long string": (size) => `{"text":"${"\\u0041".repeat(size / 6)}"}`,
  "an open string": (size) => `{"text":"${"a".repeat(size)}`,
  "many strings": (size) => `{"items":[${'"a",'.repeat(size / 4)}"a"]}`,
  "open arrays": (size) => `{"items":${"[".repeat(size)}`,
  "blank space": (size) => `{"i32":${" ".repeat(size)}1}`,
  "long base64": (size) => `{"raw":"${"A".repeat(size)}"}`,
  "much padding": (size) => `{"raw":"${"=".repeat(size)}"}`,
  "a long mask": (size) => `{"mask":"${"a.b,".repeat(size / 4)}c"}`,
  "a long time": (size) => `{"at":"2024-01-01T00:00:00.${"0".repeat(size)}Z"}`,
  "a long name": (size) => `{"${"a".repeat(size)}":1}`,
};

test.each(Object.entries(shapes))("time grows with the text: %s", async (shape, textOf) => {
  await requireLinear({
    name: shape,
    size: 65_536,
    inputOf: (size) => new TextEncoder().encode(textOf(size)),
    run: (text) => readJsonMessage(desc, text, registry),
  });
});
