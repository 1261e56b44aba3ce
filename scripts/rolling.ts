// Restarts two gateways behind HAProxy, kills one of three NATS servers, suspends all of them and kills a
// gateway, under load:
// `bun run rolling [restart nats silence kill] [--sse 1000] [--sockets 200] [--rate 5000] [--seconds 10]`.
//
// It ends with 1 if a record was lost, came twice, or a request failed in a way that a client cannot heed.
// It needs HAProxy and nats-server, which `bun run test` installs, and a quiet machine of two cores or more.

import { parseArgs } from "node:util";
import { type Disturbance, disturbances, rollingRestart } from "../test/rolling/rolling.ts";
import { provideNatsServer } from "./services.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sse: { type: "string", default: "1000" },
    sockets: { type: "string", default: "200" },
    rate: { type: "string", default: "5000" },
    seconds: { type: "string", default: "10" },
  },
});
const known = Object.keys(disturbances) as Disturbance[];
const chosen = known.filter((name) => positionals.length === 0 || positionals.includes(name));
const print = (line: string) => void process.stdout.write(`${line}\n`);
const lack = await provideNatsServer();
if (lack !== undefined) {
  process.stderr.write(`Cannot run rolling: ${lack}\n`);
  process.exit(2);
}
const started = performance.now();

const { producers, readers, errors } = await rollingRestart({
  sse: Number(values.sse),
  sockets: Number(values.sockets),
  rate: Number(values.rate),
  seconds: Number(values.seconds),
  disturbances: chosen,
  say: (line) =>
    print(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`),
});
const listed = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([what, count]) => `${count} × ${what}`).join(", ") || "none";
print(
  `acknowledged  ${producers.acknowledged} records; the slowest append ${Math.round(producers.slowestMs)} ms`,
);
print(`deferred      ${listed(producers.deferred)}`);
print(
  `failed        ${producers.failed.length === 0 ? "none" : producers.failed.slice(0, 10).join("\n              ")}`,
);
print(
  `delivered     ${readers.received}; lost ${readers.lost}, twice ${readers.twice}, after a later one of its key ${readers.late}`,
);
print(
  `resumed       ${listed(readers.resumed)}; the longest silence of a reader ${Math.round(readers.longestSilenceMs)} ms`,
);
for (const line of errors.slice(0, 10)) print(`gateway error ${line}`);
process.exit(producers.failed.length + readers.lost + readers.twice === 0 ? 0 : 1);
