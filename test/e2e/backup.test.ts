/** Backup and restore by the commands that docs/operations.md prints, in one shell. */

import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterThisProcess, removeDataDir } from "../support/cleaner.ts";
import { temporaryDataDir } from "../support/gateway.ts";
import { ask, post } from "../support/http.ts";
import { until } from "../support/until.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readyMsMax = 60_000;

test("a data directory is copied and restored by the printed commands", async () => {
  await using shell = openShell(temporaryDataDir());
  const [start = "", backup = "", restore = ""] = printedCommands();
  const original = await shell.untilReady(start);
  await fill(original);
  const written = await readAll(original);
  expect(written.page.events).toHaveLength(2);
  const last = written.page.events.at(-1)?.position;

  const resumed = await shell.untilReady(backup);
  expect(await readAll(resumed)).toEqual(written);
  // Positions go on where they were, and lead to what is new.
  await post(`${resumed}/log/kept`, { n: 3 });
  const after = await eventsAfter(resumed, last);
  expect(after.map(({ data }) => data)).toEqual([{ n: 3 }]);

  const restored = await shell.untilReady(restore);
  expect(await readAll(restored)).toEqual(written);
  // Gone back to the older state: a position of a record that it lacks is refused.
  const newest = after[0]?.position;
  const { status, json } = await ask("GET", `${restored}/log/kept?after=${newest}`);
  expect({ status, code: json.code }).toEqual({ status: 410, code: "position_gone" });
  // And a copy is a whole gateway, which appends.
  await post(`${restored}/log/kept`, { n: 4 });
  expect((await eventsAfter(restored, last)).map(({ data }) => data)).toEqual([{ n: 4 }]);
}, 120_000);

/** The blocks of docs/operations.md that name this file: start, backup, restore. */
function printedCommands(): readonly string[] {
  const page = readFileSync(join(root, "docs/operations.md"), "utf8");
  const blocks = page.matchAll(/^```sh no-run: [^\n]*test\/e2e\/backup[^\n]*\n([\s\S]*?)^```$/gm);
  const commands = [...blocks].map(([, code = ""]) => code);
  expect(commands).toHaveLength(3);
  return commands;
}

/** A shell in an empty directory, with `sluice` on its path as npm links it. Commands that fail end it. */
function openShell(directory: string) {
  const bin = join(directory, "bin");
  mkdirSync(bin);
  symlinkSync(join(root, "bin/sluice.mjs"), join(bin, "sluice"));
  const path = [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  const shell = spawn("bash", ["-eu"], {
    cwd: directory,
    stdio: ["pipe", "pipe", "pipe"],
    env: { HOME: directory, PATH: path, SLUICE_PORT: "0", SLUICE_GRPC_PORT: "0" },
    // A process group: the gateways that it starts end with it.
    detached: true,
  });
  afterThisProcess(`kill -9 -$2\n${removeDataDir}`, [join(directory, "data"), String(shell.pid)]);
  let output = "";
  let errors = "";
  shell.stdout.on("data", (data: Buffer) => (output += data.toString()));
  shell.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<void>((resolve) => shell.once("close", () => resolve()));
  let isEnded = false;
  void ended.then(() => (isEnded = true));
  return {
    /** The address of the gateway that the commands start. */
    async untilReady(commands: string): Promise<string> {
      output = "";
      shell.stdin.write(commands);
      await until("the gateway is ready", readyMsMax, () => {
        if (isEnded) throw new Error(`The shell ended:\n${commands}\n${errors}`);
        return /^sluice ready .*\n/m.test(output);
      });
      return /http:\/\/\S+/.exec(output)?.[0] ?? "";
    },
    async [Symbol.asyncDispose](): Promise<void> {
      shell.stdin.end("kill -TERM $pid\nwait $pid\n");
      await ended;
    },
  };
}

const timeNs = `${Math.floor(Date.now() / 1000)}000000001`;

/** Something of each kind that the gateway stores. */
async function fill(url: string): Promise<void> {
  const accepted = [
    await ask("PUT", `${url}/log/kept`, { body: '{"source":"external"}' }),
    await post(`${url}/log/kept`, [{ n: 1 }, { n: 2 }]),
    await post(`${url}/v1/topics/orders/records?key=a`, { order: 1 }),
    await post(`${url}/save`, `{"time":${timeNs},"tag":"kept","values":[1.5]}`),
    await post(`${url}/api/event`, { app_id: "shop", message_id: "m", event: "SENT" }),
    await post(`${url}/subjects/kept-value/versions`, {
      schemaType: "PROTOBUF",
      schema: 'syntax = "proto3"; message Kept { string id = 1; }',
    }),
  ];
  expect(accepted.map(({ status }) => status)).toEqual([201, 200, 200, 204, 200, 200]);
}

interface Page {
  readonly events: readonly { readonly position: string; readonly data: unknown }[];
}

async function eventsAfter(url: string, position: string | undefined): Promise<Page["events"]> {
  const { json } = await ask("GET", `${url}/log/kept?after=${position}`);
  return json.events;
}

async function readAll(url: string) {
  const read = async (path: string) => (await ask("GET", `${url}${path}`)).json;
  const page: Page = await read("/log/kept");
  return {
    page,
    orders: await read("/v1/topics/orders/records?key=a"),
    samples: (await read("/v1/series?prefix=kept")).series[0]?.last,
    lifecycle: await read("/v1/messages/m"),
    schema: await read("/subjects/kept-value/versions/1"),
  };
}
