// Rows are sent to a gateway whose processes are killed: each row is stored once.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { freePort } from "../../support/port.ts";
import { postmasterOf } from "../../support/postmaster.ts";
import { until } from "../../support/until.ts";
import {
  knownSamples as known,
  recordsOf,
  samples,
  sampleTopics as topics,
  sluice,
} from "./files.ts";

test("after kills of the gateway and of PostgreSQL every row is stored once", async () => {
  const port = String(await freePort());
  const env = { SLUICE_PORT: port, SLUICE_RELATIONS: join(samples, "relations.json") };
  let node = await startGateway({ env });
  const { dataDir } = node;
  const run = sluice(
    ...["simulate", "files", "--dir", samples, "--topics", topics.join(",")],
    ...["--speed", "20", "--url", `http://localhost:${port}`],
  );
  const taken = (atLeast: number) =>
    until("some rows are there", 20_000, async () => {
      const { json } = await ask("GET", `${node.url}/v1/relations`);
      return json.relations?.[0].taken > atLeast;
    });
  await taken(500);
  await node.kill9();
  node = await startGateway({ env, dataDir });
  await taken(1200);
  process.kill(await postmasterOf(dataDir), "SIGKILL");
  const { code, output } = await run.end();
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("6994 rows sent") });
  for (const [index, topic] of topics.entries()) {
    const ids = (await recordsOf(node.url, topic)).map(({ data }) => data["message_id"]);
    expect(ids).toHaveLength([known.samples, known.assays, known.results][index] ?? 0);
    expect(new Set(ids).size).toBe(ids.length);
  }
  await eventually(async () => {
    const { json } = await ask("GET", `${node.url}/v1/relations`);
    const taken = json.relations.map((relation: { taken: number }) => relation.taken);
    expect(taken).toEqual([known.samples, known.assays, known.results]);
  }, 15_000);
  await node.stop();
}, 90_000);
