// `sluice schema` against a real gateway.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const main = join(import.meta.dir, "../../../src/main.ts");
const watch = `syntax = "proto3";
package acme.v1;
import "acme/v1/unit.proto";
import "google/type/money.proto";
message Watch {
  string id = 1;
  Unit unit = 2;
  google.type.Money price = 3;
}
`;

let gateway: GatewayProcess;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  folder = await mkdtemp(join(tmpdir(), "sluice-schemas-"));
  await mkdir(join(folder, "acme/v1"), { recursive: true });
  await writeFile(join(folder, "acme/v1/watch.proto"), watch);
  await writeFile(join(folder, "broken.proto"), watch.replace("string id", "int32 id"));
  await writeFile(
    join(folder, "acme/v1/unit.proto"),
    'syntax = "proto3"; package acme.v1; enum Unit { UNIT_NONE = 0; }',
  );
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
}, 30_000);

test("registers a file with its imports, shows it, and writes its set", async () => {
  const file = "acme/v1/watch.proto";
  const dry = await schema("register", "watch", file, "--root", ".", "--dry-run");
  expect(dry).toEqual([0, "id new  watch version new  acme.v1.Watch  would be registered\n"]);
  expect(await schema("register", "watch", file, "--root", ".")).toEqual([
    0,
    "id 1  watch version 1  acme.v1.Watch  registered\n",
  ]);
  expect((await schema("register", "watch", file, "--root", "."))[1]).toContain("there already");
  expect(await schema("list")).toEqual([
    0,
    "ID  SUBJECT  VERSION  MESSAGES\n 1  watch          1  acme.v1.Watch\n",
  ]);
  for (const name of ["1", "watch@1", "watch@latest", "acme.v1.Watch"]) {
    expect(await schema("get", name)).toEqual([
      0,
      `// id 1  watch version 1  acme.v1.Watch\n${watch}`,
    ]);
  }
  await schema("get", "1", "--out", "watch.binpb");
  const set = fromBinary(FileDescriptorSetSchema, await readFile(join(folder, "watch.binpb")));
  expect(set.file.map(({ name }) => name)).toEqual([
    "acme/v1/unit.proto",
    "google/type/money.proto",
    "acme/v1/watch.proto",
  ]);
  expect((await schema("register", "other", "watch.binpb"))[1]).toStartWith(
    "id 1  other version 1",
  );
});

test("reports why a schema is not compatible, and where its text is wrong", async () => {
  expect(await schema("check", "watch", "acme/v1/watch.proto", "--root", ".")).toEqual([
    0,
    "compatible with watch (BACKWARD)\n",
  ]);
  const [code, output] = await schema("check", "watch", "broken.proto", "--root", ".");
  expect(code).toBe(1);
  expect(output).toStartWith("Not compatible with watch (BACKWARD):\n  FIELD_");
  expect((await schema("config", "watch", "none"))[1]).toBe("NONE\n");
  expect((await schema("config", "watch", "default"))[1]).toBe("BACKWARD\n");
  await writeFile(
    join(folder, "wrong.proto"),
    'syntax = "proto3";\nmessage A { B b = 1; C c = 2; }',
  );
  for (const verb of ["register", "check"]) {
    const [wrong, report] = await schema(verb, "wrong", "wrong.proto");
    expect([wrong, report.split("\n").slice(0, 3)]).toEqual([
      1,
      [
        "Cannot compile the schema: wrong.proto:2:13: cannot find `B` in this scope: B (and 1 more)",
        "  wrong.proto:2:13: cannot find `B` in this scope: B",
        "  wrong.proto:2:22: cannot find `C` in this scope: C",
      ],
    ]);
  }
});

test("registers with a reference, and deletes", async () => {
  await schema("register", "units", "acme/v1/unit.proto");
  const reference = ["--reference", "acme/v1/unit.proto=units@1"];
  expect(await schema("register", "refers", "acme/v1/watch.proto", ...reference)).toEqual([
    0,
    "id 1  refers version 1  acme.v1.Watch  registered\n",
  ]);
  expect((await schema("delete", "units"))[0]).toBe(1);
  expect(await schema("delete", "refers@1")).toEqual([0, "deleted version 1 of refers\n"]);
  expect(await schema("list", "refers", "--deleted")).toEqual([
    0,
    "ID  SUBJECT  VERSION  MESSAGES\n 1  refers         1  acme.v1.Watch  deleted\n",
  ]);
  expect((await schema("delete", "refers", "--permanent"))[0]).toBe(0);
  expect(await schema("delete", "units")).toEqual([0, "deleted version 1 of units\n"]);
});

test("watches changes as they happen", async () => {
  const watching = run("watch", "pulse");
  const reader = watching.stdout.getReader();
  let output = "";
  const reading = (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      output += new TextDecoder().decode(value);
    }
  })();
  // It prints nothing before the first change, so changes are made until one is printed.
  let made = 0;
  await until("a change is printed", 20_000, async () => {
    await schema("config", "pulse", made++ % 2 === 0 ? "FULL" : "NONE");
    return output !== "";
  });
  expect(output).toMatch(/^\d+ {2}config_changed {2}pulse\n/);
  watching.kill();
  await reading;
}, 60_000);

test("a wrong argument prints the usage", async () => {
  for (const [args, message, usage] of [
    [["frobnicate"], "there is no such command", "sluice schema <command>"],
    [["register", "watch"], "FILE is missing", "sluice schema register SUBJECT FILE [options]"],
    [["register", "watch", "no.proto"], "there is no such file", "sluice schema register SUBJECT"],
    [["config", "watch", "FUL"], "Cannot use LEVEL FUL: expected NONE or", "sluice schema config"],
  ] as const) {
    const [code, output] = await schema(...args);
    expect([code, output]).toEqual([2, expect.stringContaining(message)]);
    expect(output).toContain(`\nUsage: ${usage}`);
  }
  // The typing error did not remove the level.
  await schema("config", "watch", "FULL");
  await schema("config", "watch", "FUL");
  expect((await schema("config", "watch"))[1]).toBe("FULL\n");
});

function run(...args: string[]) {
  return Bun.spawn([process.execPath, main, "schema", ...args, "--url", gateway.url], {
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function schema(...args: string[]): Promise<[code: number, output: string]> {
  const child = run(...args);
  const [code, output, errors] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return [code, output + errors];
}
