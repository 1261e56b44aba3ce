/** A backup as docs/operations.md describes it: the directory of a stopped gateway, copied. */

import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type GatewayProcess, startGateway, temporaryDataDir } from "../support/gateway.ts";
import { ask, post } from "../support/http.ts";

test("a copy of a stopped gateway's data directory is a whole gateway", async () => {
  const dataDir = temporaryDataDir();
  const copyDir = join(temporaryDataDir(), "copy");
  const original = await startGateway({ dataDir });
  await fill(original);
  const written = await readAll(original);
  expect(written.page.events).toHaveLength(2);
  expect(await original.stop()).toBe(0);

  execFileSync("cp", ["-a", dataDir, copyDir]);
  const copy = await startGateway({ dataDir: copyDir });
  let newest: string | undefined;
  try {
    expect(await readAll(copy)).toEqual(written);
    // Positions go on where they were, and lead to what is new.
    const last = written.page.events.at(-1)?.position;
    await post(`${copy.url}/log/kept`, { n: 3 });
    const { json } = await ask("GET", `${copy.url}/log/kept?after=${last}`);
    expect(json.events.map((event: { data: unknown }) => event.data)).toEqual([{ n: 3 }]);
    newest = json.events[0].position;
  } finally {
    await copy.stop();
    rmSync(copyDir, { recursive: true, force: true });
  }

  // Gone back to the older state: a position of a record that it lacks is refused.
  const restored = await startGateway({ dataDir });
  const { status, json } = await ask("GET", `${restored.url}/log/kept?after=${newest}`);
  expect({ status, code: json.code }).toEqual({ status: 410, code: "position_gone" });
  await restored.stop();
}, 90_000);

const timeNs = `${Math.floor(Date.now() / 1000)}000000001`;

/** Something of each kind that the gateway stores. */
async function fill({ url }: GatewayProcess): Promise<void> {
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

async function readAll({ url }: GatewayProcess) {
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
