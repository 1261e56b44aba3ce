// Clients of other systems with their own ways to send a credential: with the right one they work, with
// a wrong or narrow one they report the refusal as they report that of their system.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { RestError, SchemaRegistryClient } from "@confluentinc/schemaregistry";
import { HttpError, InfluxDB, Point, setLogger } from "@influxdata/influxdb-client";
import { call, type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { pythonClients } from "../../support/python-clients.ts";
import { runTool, toolTest } from "../../support/tools.ts";
import { until } from "../../support/until.ts";

let gateway: ClosedGateway;
beforeAll(async () => {
  gateway = await startClosedGateway();
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

async function countOf(tag: string, key: string): Promise<number> {
  const path = `/v1/series/${encodeURIComponent(tag)}/export?start=-1h`;
  const { status, body } = await call(gateway, `GET ${path}`, key);
  if (status === 404) return 0;
  return String(body).trim().split("\n").length;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return "done";
  } catch (error) {
    return error;
  }
}

test("Confluent's JavaScript client, with Basic", async () => {
  const schema = {
    schemaType: "PROTOBUF",
    schema: 'syntax = "proto3"; package js; message Unit { string symbol = 1; }',
  };
  const clientOf = (password: string) =>
    new SchemaRegistryClient({
      baseURLs: [gateway.url],
      maxRetries: 0,
      basicAuthCredentials: { credentialsSource: "USER_INFO", userInfo: `anyone:${password}` },
    });
  const client = clientOf(await gateway.key("append subject:js, read subject:js"));
  const id = await client.register("js", schema);
  expect((await client.getBySubjectAndId("js", id)).schema).toBe(schema.schema);
  expect(await client.getAllSubjects()).toEqual(["js"]);

  const narrow = clientOf(await gateway.key("read subject:js"));
  const denied = await failureOf(narrow.register("js", { ...schema, schema: `${schema.schema} ` }));
  expect(denied).toBeInstanceOf(RestError);
  expect(denied).toMatchObject({ status: 403, errorCode: 40301 });
  const wrong = await failureOf(clientOf("wrong").getAllSubjects());
  expect(wrong).toMatchObject({ status: 401, errorCode: 401 });
});

test("InfluxDB's JavaScript client, with Token", async () => {
  // It writes what is refused to the console as well.
  setLogger({ error() {}, warn() {} });
  const writeWith = async (token: string, measurement: string) => {
    const writer = new InfluxDB({ url: gateway.url, token }).getWriteApi("any", "any", "ms", {
      maxRetries: 0,
    });
    writer.writePoint(new Point(measurement).tag("host", "a").floatField("usage", 0.5));
    return await failureOf(writer.close());
  };
  const key = await gateway.key("append series:js-cpu*, read series:js-cpu*");
  expect(await writeWith(key, "js-cpu")).toBe("done");
  await until("the point", 10_000, async () => (await countOf("js-cpu,host=a:usage", key)) === 1);
  const denied = await writeWith(key, "js-mem");
  expect(denied).toBeInstanceOf(HttpError);
  expect(denied).toMatchObject({ statusCode: 403, code: "forbidden" });
  expect(await writeWith("wrong", "js-cpu")).toMatchObject({
    statusCode: 401,
    code: "unauthorized",
  });
});

toolTest(pythonClients, "Confluent's Python client, with Basic", async (python) => {
  const keys = {
    right: await gateway.key("append subject:py, read subject:py"),
    narrow: await gateway.key("read subject:py"),
    wrong: "wrong",
  };
  const program = join(import.meta.dir, "python/registry.py");
  const run = await runTool([python, program, gateway.url, JSON.stringify(keys)]);
  expect({ code: run.code, errors: run.errors }).toEqual({ code: 0, errors: "" });
  expect(JSON.parse(run.output)).toEqual({
    subjects: ["py"],
    narrow: [403, 40301],
    wrong: [401, 401],
  });
});

toolTest(
  pythonClients,
  "InfluxDB's Python client: batches, gzip, precisions, and what is refused",
  async (python) => {
    const right = await gateway.key("append series:py*, read series:py*");
    const keys = { right, narrow: await gateway.key("append series:other"), wrong: "wrong" };
    const program = join(import.meta.dir, "python/influx.py");
    const run = await runTool([python, program, gateway.url, JSON.stringify(keys)]);
    expect({ code: run.code, errors: run.errors }).toEqual({ code: 0, errors: "" });
    expect(JSON.parse(run.output)).toEqual({
      batches: { written: 2500, failed: 0 },
      ping: true,
      narrow: [403, "forbidden"],
      wrong: [401, "unauthorized"],
    });
    await until("all points", 20_000, async () => {
      const counts = await Promise.all(
        ["py-batch", "py-gzip", "py-s", "py-ms", "py-us", "py-ns"].map((tag) =>
          countOf(tag, right),
        ),
      );
      return JSON.stringify(counts) === JSON.stringify([2500, 100, 1, 1, 1, 1]);
    });
    // One second of the clock in each unit is the same instant.
    const times = await Promise.all(
      ["py-s", "py-ms", "py-us", "py-ns"].map(async (tag) => {
        const { body } = await call(gateway, `GET /v1/series/${tag}/export?start=-1h`, right);
        return /"time":(\d+)/.exec(String(body))?.[1];
      }),
    );
    expect(new Set(times).size).toBe(1);
  },
);
