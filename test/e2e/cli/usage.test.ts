/** Help, wrong usage, exit codes and output that nobody reads: the same for all commands. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { runSluice } from "../../support/command.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const nowhere = "http://127.0.0.1:1";
const unreachable = `Cannot reach ${nowhere}: is the gateway running?\n`;

const run = (line: string, env: Record<string, string> = {}) =>
  runSluice(
    line.split(" ").filter((word) => word !== ""),
    env,
  ).ended;

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
}, 90_000);
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);

describe("help", () => {
  test("of a subcommand is about that subcommand alone", async () => {
    const { code, output } = await run("simulate watch --help");
    expect(code).toBe(0);
    expect(output).toStartWith("sluice simulate watch [options]\n");
    for (const line of ["--watches N", "--grpc ADDRESS", "--url URL", "(SLUICE_URL, default"]) {
      expect(output).toContain(line);
    }
    for (const other of ["emitters", "--dir", "--tags", "lifecycles"]) {
      expect(output).not.toContain(other);
    }
    expect((await run("help simulate watch")).output).toBe(output);
  });

  test("has one line for each option, and lists the commands of a group", async () => {
    const [create, topic, all] = await Promise.all([
      run("topic create --help"),
      run("topic --help"),
      run("--help"),
    ]);
    expect(create.output).toMatch(/^ {2}--retention-bytes BYTES +the oldest records/m);
    expect(topic.output).toMatch(/^ {2}delete +delete a topic/m);
    for (const name of ["serve", "publish", "watch", "consume", "emitter", "completion"]) {
      expect(all.output).toMatch(new RegExp(`^ {2}${name} +\\w`, "m"));
    }
    // The process of a benchmark's subscribers is not a command for people.
    expect((await run("bench --help")).output).not.toMatch(/^ {2}load/m);
  });

  test("--version prints the version", async () => {
    for (const flag of ["--version", "-v"]) {
      const { code, output } = await run(flag);
      expect([code, output]).toEqual([0, expect.stringMatching(/^sluice \d+\.\d+\.\d+ \(bun /)]);
    }
  });
});

describe("wrong usage ends with 2: the message, then how the command is used", () => {
  const cases: readonly (readonly [line: string, message: string, usage: string])[] = [
    ["--foo", "Cannot run sluice --foo: there is no such option.", "sluice <command>"],
    ["--port=9300", "Cannot run sluice --port=9300: there is no such option.", "sluice <command>"],
    ["serve --port 9300", "Cannot use --port: sluice serve does not have it", "sluice serve"],
    ["serve extra", 'Cannot use "extra": sluice serve takes no arguments', "sluice serve"],
    ["tpoic list", "Cannot run sluice tpoic: there is no such command, did you mean topic?", ""],
    ["topic lst", "Cannot run sluice topic lst: there is no such command, did you mean list?", ""],
    ["topic", "Cannot run sluice topic: a command is missing, expected one of list,", ""],
    ["topic list --jsn", "does not have it; did you mean --json?", "sluice topic list [options]"],
    ["topic show", "Cannot run sluice topic show: NAME is missing", "sluice topic show NAME"],
    [
      "simulate emitters --count -1",
      "Cannot use --count -1: expected a whole number from 1 to 100000",
      "sluice simulate emitters [options]",
    ],
    [
      "simulate emitters --count --rate 2",
      "Cannot use --count: its value is missing, expected N",
      "sluice simulate emitters [options]",
    ],
    ["topic list --json=yes", "Cannot use --json=yes: --json takes no value", ""],
    ["topic list --url here", "Cannot use --url here: expected one like http://", ""],
    ["simulate files --dir nope", "Cannot use --dir nope: there is no such folder", ""],
    ["schema config x FUL", "Cannot use LEVEL FUL: expected NONE or BACKWARD", ""],
    ["consume", "Cannot run sluice consume: TOPIC is missing", "sluice consume [TOPIC] [options]"],
    ["watch orders --emitter e", "Cannot choose a target: both are given", "sluice watch [TOPIC]"],
    ["publish", "Cannot choose a target: neither is given", "sluice publish [TOPIC] [options]"],
    ["completion tcsh", "Cannot use SHELL tcsh: expected bash or zsh or fish", ""],
  ];
  test.concurrent.each(cases)("sluice %s", async (line, message, usage) => {
    const { code, output, errors } = await run(line);
    expect({ code, output }).toEqual({ code: 2, output: "" });
    const [first, second, ...others] = errors.trimEnd().split("\n");
    expect(first).toContain(message);
    expect(second).toStartWith(`Usage: ${usage}`);
    expect(others).toEqual([]);
  });

  test("the gateway's settings are named where an option was expected", async () => {
    const { errors } = await run("serve --port 9300");
    expect(errors).toContain("environment variables, as in SLUICE_PORT=9300 sluice serve");
  });

  test("of SLUICE_URL as well", async () => {
    const { code, errors } = await run("topic list", { SLUICE_URL: "there" });
    expect(code).toBe(2);
    expect(errors).toStartWith("Cannot use SLUICE_URL there: expected one like http://");
  });
});

describe("the gateway's address", () => {
  test("is --url, else SLUICE_URL, in both forms", async () => {
    const host = new URL(gateway.url).host;
    const lists = await Promise.all([
      run(`topic list --url ${gateway.url}`),
      run(`topic list --url ${host}`),
      run("topic list", { SLUICE_URL: gateway.url }),
      run("topic list", { SLUICE_URL: host }),
      run(`topic list --url ${host}/`, { SLUICE_URL: nowhere }),
    ]);
    for (const { code, output } of lists) {
      expect(code).toBe(0);
      expect(output).toStartWith("NAME ");
    }
  });

  test("is enough for gRPC, whose port the gateway reports; --grpc takes both forms", async () => {
    const status = await ask("GET", `${gateway.url}/status`);
    expect(status.json.grpc_port).toBe(Number(new URL(gateway.grpcUrl).port));
    const { host } = new URL(gateway.grpcUrl);
    const ways = [
      [`--url ${gateway.url}`],
      [`--grpc ${gateway.grpcUrl}`],
      [`--grpc ${host}`],
      ["", { SLUICE_GRPC_URL: host }],
    ] as const;
    const ended = await Promise.all(
      ways.map(([way, env = {}], index) => {
        const rest = `--topic watched-${index} --watches 1 --rate 10 --seconds 1 --json`;
        // The gRPC address alone is enough as well.
        return run(`simulate watch ${way} ${rest}`, { SLUICE_URL: nowhere, ...env });
      }),
    );
    for (const { code, output } of ended) {
      expect(code).toBe(0);
      const report = JSON.parse(output);
      expect(report).toMatchObject({ watches: 1, refused: 0 });
      expect(report.acknowledged).toBe(report.sent);
    }
  }, 30_000);

  test.concurrent.each([
    "topic list",
    "emitter list",
    "schema list",
    "watch orders",
    "consume orders",
    "publish orders --file package.json",
    "simulate watch",
    "simulate watch --grpc 127.0.0.1:1",
    "simulate emitters",
    "simulate lifecycles",
    "analyse acks --rule any",
  ])("a gateway that does not respond has one text: sluice %s", async (line) => {
    const { code, output, errors } = await run(line, { SLUICE_URL: nowhere });
    expect({ code, output, errors }).toEqual({ code: 1, output: "", errors: unreachable });
  });
});

describe("the end", () => {
  test("Ctrl-C ends with 130 what was not done, and with 0 what has no end", async () => {
    const url = ["--url", gateway.url];
    await run(`topic create interrupted --url ${gateway.url}`);
    const cases = [
      { args: ["consume", "interrupted", "--limit", "9"], code: 130 },
      { args: ["consume", "interrupted"], code: 0 },
      { args: ["watch", "interrupted", "--limit", "9"], code: 130 },
      { args: ["watch", "interrupted"], code: 0 },
      { args: ["simulate", "lifecycles", "--seconds", "60", "--app", "a"], code: 130 },
      { args: ["simulate", "lifecycles", "--app", "b"], code: 0 },
      { args: ["schema", "watch"], code: 130 },
    ];
    for (const { args, code } of cases) {
      const { child, ended } = runSluice([...args, ...url]);
      await Bun.sleep(1000);
      child.kill("SIGINT");
      expect({ args, code: (await ended).code }).toEqual({ args, code });
    }
  }, 30_000);

  test("an output that nobody reads ends every command quietly", async () => {
    for (let i = 0; i < 40; i++) await ask("PUT", `${gateway.url}/v1/topics/many-${i}`);
    await run(`publish many-1 --url ${gateway.url} --file package.json`);
    const lines = [
      "topic list",
      "topic list --json",
      "schema list",
      "consume many-1 --from earliest",
      "watch many-1 --after earliest",
      "--help",
    ];
    for (const line of lines) {
      const script = `set -o pipefail; '${process.execPath}' '${main}' ${line} | true`;
      const program = startProgram([...["env", `SLUICE_URL=${gateway.url}`, "bash", "-c", script]]);
      let code: number | null | undefined;
      void program.exited.then((ended) => (code = ended));
      // A live command notices with its next record.
      await until(`sluice ${line} ends`, 15_000, async () => {
        await ask("POST", `${gateway.url}/v1/topics/many-1/records`, { body: "{}" });
        return code !== undefined;
      });
      expect({ line, code }).toEqual({ line, code: 0 });
      expect(program.errors()).not.toContain("EPIPE");
    }
  }, 60_000);
});
