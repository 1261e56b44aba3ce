/** `sluice bench collect`: how many records come in over gRPC. */

import { command } from "../../src/cli/command/command.ts";
import { address, flag, wholeNumber } from "../../src/cli/command/parameters.ts";
import { jsonOption } from "../../src/cli/gateway/options.ts";
import { apiKeyOption, logOption, pidOption } from "../shared-options.ts";

const streamedRecords = 1_000_000;
const unaryRecords = 100_000;

export const collect = command({
  name: "collect",
  summary: "many producers over gRPC",
  description: `Sends --records of 126 to 254 bytes over gRPC, one client stream on each of --connections, --batch
records a message, waits until all are acknowledged as durable, and counts them in the log, beside a
bare HTTP/2 server that only counts. Exits with 1 when the log has more or fewer.`,
  arguments: {},
  options: {
    connections: wholeNumber({
      doc: "connections",
      value: "N",
      default: "250",
      min: 1,
      max: 100_000,
    }),
    records: wholeNumber({
      doc: `records (default ${streamedRecords}, with --unary ${unaryRecords})`,
      value: "N",
      min: 1,
      max: 1e10,
    }),
    batch: wholeNumber({
      doc: "records of a message",
      value: "N",
      default: "1",
      min: 1,
      max: 10_000,
    }),
    unary: flag("calls of Publish instead, beside the same collector behind connect-es' adapter"),
    calls: wholeNumber({
      doc: "calls at once on a connection, with --unary",
      value: "N",
      default: "8",
      min: 1,
      max: 1000,
    }),
    log: logOption,
    json: jsonOption,
    grpc: address({
      doc: "a gateway that runs already; NATS_URL or DATABASE_URL names its log",
      value: "ADDRESS",
      example: "127.0.0.1:4025",
    }),
    "api-key": apiKeyOption,
    pid: pidOption,
  },
  examples: [
    { line: "sluice bench collect --connections 2500", notRun: "it measures for minutes" },
  ],
  async run(runtime, { connections, batch, unary, calls, grpc, ...options }) {
    const records = options.records ?? (unary ? unaryRecords : streamedRecords);
    const { benchCollect } = await import("./collect.ts");
    await benchCollect(runtime, {
      load: {
        connections,
        // Only whole messages are sent.
        records: Math.ceil(records / batch) * batch,
        batch,
        method: unary ? "publish" : "collect",
        callsAtOnce: calls,
      },
      log: options.log,
      grpc: grpc === undefined ? undefined : hostAndPort(grpc),
      key: options.apiKey,
      pid: options.pid,
      json: options.json,
    });
  },
});

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port === "" ? 80 : port) };
}
