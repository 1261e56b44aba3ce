/** Records from the command line: publish, watch, consume; emitters and topics beside them. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { freePort } from "../../support/port.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;
let env: Record<string, string>;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  env = { SLUICE_URL: gateway.url };
  folder = await mkdtemp(join(tmpdir(), "sluice-cli-"));
}, 90_000);
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
  await rm(folder, { recursive: true });
}, 30_000);

const sluice = (args: readonly string[], input = "") => runSluice(args, env, input).ended;

async function eventsOf(topic: string) {
  const path = `${gateway.url}/v1/topics/${topic}/records?after=earliest`;
  return (await ask("GET", path)).json.events as { key?: string; data: unknown }[];
}

describe("publish", () => {
  test("each line is a record, exactly as it is, with the key", async () => {
    const lines = ['{"n":9007199254740993}', "", "[1,2]", '"text"', " 4 "];
    const { code, output, errors } = await sluice(
      ["publish", "lines", "--key", "shop-7"],
      `${lines.join("\n")}\r\n`,
    );
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toMatch(/^4 records, the last at \S+\n$/);
    const text = (await ask("GET", `${gateway.url}/v1/topics/lines/records`)).text;
    expect(text).toContain('"data":{"n":9007199254740993}');
    const events = await eventsOf("lines");
    expect(events.slice(1).map(({ data }) => data)).toEqual([[1, 2], "text", 4]);
    expect(events.map(({ key }) => key)).toEqual(Array.from({ length: 4 }, () => "shop-7"));
  });

  test("more lines than a request takes arrive in their order", async () => {
    const lines = Array.from({ length: 2500 }, (_, n) => `{"n":${n}}`);
    const file = join(folder, "lines.ndjson");
    await writeFile(file, lines.join("\n"));
    const { code, output } = await sluice(["publish", "ordered", "--file", file, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({
      accepted: 2500,
      refused: 0,
      position: expect.any(String),
    });
    const consumed = await sluice(["consume", "ordered", "--after", "earliest", "--limit", "2500"]);
    expect(consumed.output).toBe(`${lines.join("\n")}\n`);
  });

  test.each(["consume", "watch"])(
    "a reader that is slow gets all that %s printed before it ended",
    async (command) => {
      const lines = Array.from(
        { length: 1000 },
        (_, n) => `{"n":${n},"text":"${"x".repeat(300)}"}`,
      );
      const topic = `slowly-${command}`;
      expect((await sluice(["publish", topic], lines.join("\n"))).code).toBe(0);
      const words = [command, topic, "--after", "earliest", "--limit", "1000"];
      const { child, ended } = runSluice(words, env);
      // More than the pipe holds.
      child.stdout?.pause();
      await Bun.sleep(1500);
      child.stdout?.resume();
      expect(await ended).toMatchObject({ code: 0, output: `${lines.join("\n")}\n` });
    },
  );

  test("every refused line is reported to a reader that is slow", async () => {
    const refused = Array.from({ length: 2000 }, () => "nothing").join("\n");
    const { child, ended } = runSluice(["publish", "slowly-refused"], env, refused);
    child.stderr?.pause();
    await Bun.sleep(1500);
    child.stderr?.resume();
    const { code, errors } = await ended;
    expect(code).toBe(1);
    expect(errors.split("\n").at(-2)).toStartWith("line 2000: ");
  });

  test("a command that waits for its reader ends with a signal", async () => {
    const lines = Array.from({ length: 1000 }, (_, n) => `{"n":${n},"text":"${"x".repeat(300)}"}`);
    expect((await sluice(["publish", "unread"], lines.join("\n"))).code).toBe(0);
    const words = ["watch", "unread", "--after", "earliest", "--limit", "1000"];
    const { child, ended } = runSluice(words, env);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    // More than the pipe holds.
    child.stdout?.pause();
    await Bun.sleep(1500);
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    child.stdout?.resume();
    await ended;
  });

  test("a bad line is reported with its number, the others are appended", async () => {
    const { code, output, errors } = await sluice(
      ["publish", "mixed"],
      '{"ok":1}\n\n{"ok":\n{"ok":2}\n',
    );
    expect(code).toBe(1);
    expect(output).toMatch(/^2 records, the last at \S+, 1 refused\n$/);
    expect(errors).toMatch(/^line 3: Cannot .*\n$/);
    expect((await eventsOf("mixed")).map(({ data }) => data)).toEqual([{ ok: 1 }, { ok: 2 }]);
    const none = await sluice(["publish", "mixed"], "nothing\n");
    expect(none.code).toBe(1);
    expect(none.output).toBe("0 records, 1 refused\n");
  });

  test("other bytes are one record of their type", async () => {
    const { output } = await sluice(
      ["publish", "bytes", "--content-type", "text/csv"],
      "a,b\n1,2\n",
    );
    expect(output).toMatch(/^1 record, the last at /);
    const [event] = await eventsOf("bytes");
    expect(event?.data).toEqual({ base64: btoa("a,b\n1,2\n") });
    const absent = await sluice(["publish", "bytes", "--file", join(folder, "absent")]);
    expect([absent.code, absent.errors]).toEqual([
      1,
      `Cannot read ${join(folder, "absent")}: there is no such file\n`,
    ]);
  });

  test("lines that are typed are sent as they come", async () => {
    const { child, ended } = runSluice(["publish", "typed"], env, null);
    for (const n of [1, 2]) {
      child.stdin?.write(`{"n":${n}}\n`);
      await until(`line ${n} is there`, 15_000, async () => {
        const { json } = await ask("GET", `${gateway.url}/v1/topics/typed/records`);
        return json?.events?.length === n;
      });
    }
    child.stdin?.end();
    expect((await ended).output).toMatch(/^2 records, /);
  }, 30_000);
});

describe("watch", () => {
  test("prints what is appended, waits for the topic, and ends with Ctrl-C", async () => {
    const watching = runSluice(["watch", "later"], env);
    await until("it waits", 15_000, () => watching.errors().includes("waiting for it"));
    expect(watching.errors()).toBe("There is no topic later yet: waiting for it\n");
    await sluice(["publish", "later"], '{"n":1}\n{"n": 2}\n');
    await ask("POST", `${gateway.url}/v1/topics/later/records`, {
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array([0, 1, 2]),
    });
    const expected = '{"n":1}\n{"n": 2}\n{"base64":"AAEC"}\n';
    await until("three lines", 15_000, () => watching.output() === expected);
    watching.child.kill("SIGINT");
    expect((await watching.ended).code).toBe(0);
    expect(watching.errors()).toMatch(/\n3 records; go on with --after \S+\n$/);
  }, 30_000);

  test("starts at a position, at the oldest, or with the newest N; by key", async () => {
    await sluice(["publish", "placed", "--key", "a"], "1\n2\n");
    await sluice(["publish", "placed", "--key", "b"], "3\n");
    const watch = async (...args: string[]) => sluice(["watch", "placed", ...args]);
    const all = await watch("--after", "earliest", "--limit", "2");
    expect([all.code, all.output]).toEqual([0, "1\n2\n"]);
    const [, position = ""] = /--after (\S+)/.exec(all.errors) ?? [];
    expect((await watch("--after", position, "--limit", "1")).output).toBe("3\n");
    expect((await watch("--tail", "2", "--limit", "2")).output).toBe("2\n3\n");
    const keyed = await watch("--tail", "1", "--limit", "1", "--key", "a");
    expect(keyed.output).toBe("2\n");
    const wrong = await watch("--after", position, "--tail", "1");
    expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining("--after with --tail")]);
  });

  test("goes on where it was after a restart of the gateway", async () => {
    const port = String(await freePort());
    const settings = { SLUICE_PORT: port };
    const first = await startGateway({ env: settings });
    const url = { SLUICE_URL: first.url };
    const publish = (n: number) => runSluice(["publish", "kept"], url, `{"n":${n}}\n`).ended;
    await publish(1);
    const watching = runSluice(["watch", "kept", "--after", "earliest", "--limit", "3"], url);
    await until("the first", 15_000, () => watching.output() === '{"n":1}\n');
    await first.kill9();
    await until("it is cut off", 15_000, () => watching.errors().includes("Cut off: "));
    const second = await startGateway({ env: settings, dataDir: first.dataDir });
    await publish(2);
    await publish(3);
    expect(await watching.ended).toMatchObject({
      code: 0,
      output: '{"n":1}\n{"n":2}\n{"n":3}\n',
    });
    await second.stop();
  }, 60_000);
});

describe("consume", () => {
  test("prints JSON as it was appended, on one line, and other bytes in base64", async () => {
    const pretty = '{\n  "a": 1,\n  "text": "x\\ny"\n}';
    await ask("POST", `${gateway.url}/v1/topics/plain/records`, { body: pretty });
    await sluice(["publish", "plain"], '{"n":9007199254740993}\n');
    await sluice(["publish", "plain", "--content-type", "image/png"], "png");
    const { code, output, errors } = await sluice([
      ...["consume", "plain", "--after", "earliest", "--limit", "3"],
    ]);
    expect({ code, output }).toEqual({
      code: 0,
      output: '{ "a": 1, "text": "x\\ny" }\n{"n":9007199254740993}\n{"base64":"cG5n"}\n',
    });
    expect(errors).toMatch(/^3 records; go on with --after \S+\n$/);
    const newest = await sluice(["consume", "plain", "--tail", "2", "--limit", "2"]);
    expect(newest.output).toBe('{"n":9007199254740993}\n{"base64":"cG5n"}\n');
    await sluice(["publish", "plain", "--key", "k"], '{"of":"k"}\n');
    const keyed = await sluice([
      ...["consume", "plain", "--after", "earliest", "--key", "k", "--limit", "1"],
    ]);
    expect(keyed.output).toBe('{"of":"k"}\n');
    // Old spellings.
    const old = await sluice([
      ...["consume", "--topic", "plain", "--from", "earliest", "--limit", "1"],
    ]);
    expect(old.output).toBe('{ "a": 1, "text": "x\\ny" }\n');
  });

  test("a record that its schema does not fit is printed as it is, and reported", async () => {
    const proto = join(folder, "pulse.proto");
    await writeFile(proto, 'syntax = "proto3"; message Pulse { string id = 1; }');
    const { output } = await sluice(["schema", "register", "pulse-value", proto, "--json"]);
    const { id, existed } = JSON.parse(output);
    expect(existed).toBe(false);
    const append = (body: Uint8Array<ArrayBuffer>) =>
      ask("POST", `${gateway.url}/v1/topics/pulse/records`, {
        headers: { "content-type": "application/protobuf", "sluice-schema-id": String(id) },
        body,
      });
    await append(new Uint8Array([0x0a, 0x02, 0x68, 0x69]));
    await append(new Uint8Array([0xff]));
    const consumed = await sluice(["consume", "pulse", "--after", "earliest", "--limit", "2"]);
    expect(consumed.output).toBe('{"id":"hi"}\n{"base64":"/w=="}\n');
    expect(consumed.errors).toContain('Cannot decode as "Pulse"');
  });
});

test("emitters are created, written, watched, listed and ended", async () => {
  expect(await sluice(["emitter", "create", "web-1"])).toMatchObject({
    code: 0,
    output: "web-1\n",
  });
  const guest = await sluice(["emitter", "create", "--source", "guest", "--rate", "5", "--json"]);
  const { id, ...created } = JSON.parse(guest.output);
  expect(created).toMatchObject({ source: "guest", rate: 5 });
  const taken = await sluice(["emitter", "create", "web-1", "--source", "guest"]);
  expect([taken.code, taken.errors]).toEqual([1, expect.stringContaining('"web-1"')]);
  const rated = await sluice(["emitter", "create", "web-2", "--rate", "5"]);
  expect([rated.code, rated.errors]).toEqual([2, expect.stringContaining("--source guest")]);

  await sluice(["publish", "--emitter", "web-1"], '{"level":"info"}\n');
  const watching = runSluice(["watch", "--emitter", "web-1", "--tail", "1"], env);
  await until("its event", 15_000, () => watching.output() === '{"level":"info"}\n');
  const list = await sluice(["emitter", "list"]);
  expect(list.output).toMatch(/^ID +SOURCE +RATE +CREATED +ENDED\n/);
  expect(list.output).toMatch(/^web-1 +external +0 +\d{4}-\S+$/m);
  expect((await sluice(["emitter", "delete", "web-1", id])).output).toBe(`web-1\n${id}\n`);
  // Its watcher ends with it.
  expect((await watching.ended).code).toBe(0);
  expect(watching.errors()).toContain("The emitter web-1 has ended\n");
  const rows = (await sluice(["emitter", "list", "--ended", "--json"])).output.trim().split("\n");
  expect(rows.map((row) => JSON.parse(row)).find((one) => one.id === "web-1")).toMatchObject({
    source: "external",
    ended_at: expect.any(String),
  });
}, 30_000);

test("topics have a header, --json, and limits by age and by size", async () => {
  const created = await sluice([
    ...["topic", "create", "sized", "--retention-bytes", "1000000", "--retention-hours", "1.5"],
    "--json",
  ]);
  expect(JSON.parse(created.output)).toMatchObject({
    name: "sized",
    retention_ms: 5_400_000,
    retention_bytes: 1_000_000,
  });
  const list = await sluice(["topic", "list"]);
  expect(list.output).toMatch(/^NAME +LAYOUT +SCHEMA +BYTES +END\n/);
  expect(list.output).toMatch(/^sized +records +none +0 +empty$/m);
  const rows = (await sluice(["topic", "list", "--json"])).output.trim().split("\n");
  expect(rows.map((row) => JSON.parse(row).name)).toContain("sized");
  expect((await sluice(["topic", "delete", "sized"])).code).toBe(0);
  await sluice(["topic", "create", "sized"]);
  expect((await sluice(["topic", "remove", "sized"])).code).toBe(0);
  const gone = await sluice(["topic", "show", "sized"]);
  expect([gone.code, gone.errors]).toEqual([1, expect.stringContaining('"sized"')]);
});

test("simulate emitters counts its own events, in plain lines without a terminal", async () => {
  const other = await sluice(["emitter", "create", "busy", "--source", "guest", "--rate", "500"]);
  expect(other.code).toBe(0);
  const { code, output, errors } = await sluice([
    ...["simulate", "emitters", "--count", "2", "--rate", "4", "--seconds", "2"],
  ]);
  expect(code).toBe(0);
  const [, events] = /^2 emitters, (\d+) events$/m.exec(output) ?? [];
  expect(Number(events)).toBeWithin(1, 40);
  expect(output + errors).not.toContain("\r");
  const json = await sluice(["simulate", "emitters", "--count", "1", "--seconds", "1", "--json"]);
  expect(JSON.parse(json.output)).toEqual({ emitters: 1, events: expect.any(Number) });
}, 30_000);
