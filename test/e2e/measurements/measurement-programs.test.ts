/** Programs that send and query measurements on a running gateway, and the arguments they refuse. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { verifyAnswers } from "../../../bench/query/verify.ts";
import { Gateway } from "../../../src/cli/gateway/gateway.ts";
import { createRandom } from "../../../src/cli/simulate/random.ts";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { pause, until } from "../../support/until.ts";

const testMs = 60_000;

let database: TestDatabase;
let gateway: GatewayProcess;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  gateway = await startGateway({ env: { DATABASE_URL: database.url, SLUICE_GUESTS: "0" } });
}, testMs);
afterAll(async () => {
  await gateway.stop();
  await database.drop();
}, testMs);

describe("on a running gateway", () => {
  test(
    "sluice simulate measurements: at its rate, to its end, all in the list of series",
    async () => {
      const args = ["--rate", "500", "--seconds", "2", "--tags", "3", "--prefix", "sim-"];
      const { code, output } = await runSluice([
        ...["simulate", "measurements", ...args],
        ...["--url", gateway.url],
      ]).ended;
      expect(output).toMatch(/^1000 measurements sent, 1000 acknowledged, in \d+\.\d s$/m);
      expect(code).toBe(0);
      const { json } = await ask("GET", `${gateway.url}/v1/series?prefix=sim-`);
      expect(json.series.map(({ tag }: { tag: string }) => tag)).toEqual([
        "sim-00001",
        "sim-00002",
        "sim-00003",
      ]);
      expect(json.series[0].last.values).toHaveLength(10);
    },
    testMs,
  );

  test(
    "SIGINT ends it with everything acknowledged",
    async () => {
      const { child, ended, errors } = runSluice([
        ...["simulate", "measurements", "--url", gateway.url],
      ]);
      await until("progress", 20_000, () => /[1-9]\d{3,} acknowledged/.test(errors()));
      child.kill("SIGINT");
      const { code, output } = await ended;
      const [, sent = "", acknowledged] = /(\d+) measurements sent, (\d+) ack/.exec(output) ?? [];
      expect(Number(sent)).toBeGreaterThan(1000);
      expect(acknowledged).toBe(sent);
      expect(code).toBe(0);
    },
    testMs,
  );

  test(
    "sluice bench query: not counted, printed for people",
    async () => {
      const { code, output } = await runSluice([
        ...["bench", "query", "--url", gateway.url, "--seconds", "2", "--rate", "1000"],
        ...["--verify", "3"],
      ]).ended;
      expect(output).toMatch(/^acknowledged +2,000$/m);
      expect(output).toMatch(/^counted in the store +-$/m);
      expect(output).toMatch(/^stats: map\[10:\d+ 50:\d+ 99:\d+ 100\+:\d+\]$/m);
      expect(output).toMatch(/^lag +p50 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/m);
      expect(output).toMatch(/^answers compared +3, all right$/m);
      expect(code).toBe(0);
    },
    testMs,
  );

  test("a wrong answer is found: here the data changes between the answer and the export", async () => {
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const measured = (value: number) =>
      `{"time":${nowNs - 60_000_000_000n},"tag":"wrong-00001","values":[${value}]}`;
    await post(`${gateway.url}/save`, measured(1));
    const changing = new Proxying(gateway.url, () => post(`${gateway.url}/save`, measured(2)));
    const verify = (url: string) =>
      verifyAnswers(
        {
          ...{
            gateway: new Gateway(url),
            random: createRandom(1),
            prefix: "wrong-",
            tags: 1,
            answers: 1,
          },
          ...{ oldestNs: nowNs - 600_000_000_000n, newestNs: nowNs },
        },
        () => {},
      );
    expect(await verify(gateway.url)).toBeUndefined();
    expect(await verify(changing.url)).toMatch(/^wrong-00001 from \d+ to \d+: sample \d+ is \[1\]/);
    await changing.close();
  });
});

/** A proxy that calls a function after the first answer. */
class Proxying {
  readonly url: string;
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor(to: string, afterFirst: () => Promise<unknown>) {
    let isFirst = true;
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        const response = await fetch(`${to}${pathname}${search}`);
        const body = await response.text();
        if (isFirst) {
          isFirst = false;
          await afterFirst();
        }
        return new Response(body, { status: response.status });
      },
    });
    this.url = `http://127.0.0.1:${this.#server.port}`;
  }

  close(): Promise<void> {
    return this.#server.stop(true);
  }
}

describe("wrong arguments", () => {
  const refused: readonly (readonly [args: string, said: string])[] = [
    ["simulate measurements --profile sharp", "Cannot use --profile sharp: expected steady"],
    ["simulate measurements --tags 0", "Cannot use --tags 0: expected a whole number from 1"],
    ['simulate measurements --prefix a"b', 'Cannot use --prefix a"b: expected at most 59 letters'],
    ["bench save --load ab", "Cannot use --load ab: expected auto or wrk or own"],
    ["bench query --preload 5 --url http://127.0.0.1:1", "Cannot use --preload with --url"],
    ["bench query --queries 0", "Cannot use --queries 0: expected a number from 0.1"],
  ];
  test.concurrent.each(refused)(
    "%s",
    async (args, said) => {
      const { code, errors } = await runSluice(args.split(" ")).ended;
      expect(errors).toContain(said);
      expect(code).toBe(2);
    },
    testMs,
  );

  test(
    "an unavailable gateway is reported, and an interrupt ends with 1",
    async () => {
      const command = ["simulate", "measurements", "--url", "http://127.0.0.1:1"];
      const { child, ended, errors } = runSluice(command);
      const why = "again: Cannot reach http://127.0.0.1:1: is the gateway running?";
      await until("progress", 20_000, () => errors().includes(why));
      child.kill("SIGINT");
      await pause(500);
      child.kill("SIGINT");
      const { code, output } = await ended;
      expect(output).toContain(", 0 acknowledged");
      expect(code).toBe(1);
    },
    testMs,
  );
});
