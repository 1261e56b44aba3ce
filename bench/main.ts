/** `sluice bench`: how much one gateway carries, beside what the machine could do at best. */
import { parseArgs } from "node:util";
import { gatewayUrl, number, oneOf, wholeNumber } from "../src/cli/args.ts";
import { benchCollect } from "./collect/collect.ts";
import { benchFanout } from "./fanout/fanout.ts";
import { runLoad } from "./fanout/load.ts";
import { benchQuery } from "./query/query.ts";
import { parseQuery, queryUsage } from "./query/options.ts";
import { benchSave } from "./save/save.ts";
import { parseSave, saveUsage } from "./save/options.ts";
import { eventBytesMin } from "./fanout/stamp.ts";
import { type Command, UsageError } from "../src/cli/command.ts";
import type { Runtime } from "../src/runtime/runtime.ts";

export const bench: Command = {
  summary: "measure fan-out, intake and queries, beside a floor in the same run",
  usage: `sluice bench fanout [--subscribers 1000] [--events 1000] [--rate 50] [--batch 1] [--bytes 200]
                    [--transport sse|ws] [--slow 0] [--log embedded|jetstream]
                    [--url http://… [--pid N]] [--json]
sluice bench fanout --idle 10000 [--transport sse|ws] [--log …] [--url … [--pid N]] [--json]
sluice bench collect [--connections 250] [--records 1000000] [--batch 1] [--log embedded|jetstream]
                    [--grpc host:port [--pid N]] [--json]
sluice bench collect --unary [--calls 8] [--records 100000] …
${saveUsage.call}
${queryUsage.call}

fanout opens --subscribers, publishes --events of --bytes at --rate a second, --batch a request, and
tells what it cost and how long it took, beside a bare loop on the same machine that only writes the
same bytes: the floor, measured before and after. Exits with 1 when an event was lost or came twice.

  --slow N    as many more subscribers that never read
  --idle N    opens N subscribers, publishes nothing, and tells the memory that each costs
  --url       a gateway that runs already

collect sends --records of 126 to 254 bytes over gRPC, one client stream on each of --connections,
--batch records a message, waits until all are acknowledged as durable, and counts them in the log,
beside a bare HTTP/2 server that only counts. Exits with 1 when the log has more or fewer.

  --unary     calls of Publish instead, --calls under way at once on each connection, beside the
              same collector behind connect-es' adapter
  --grpc      a gateway that runs already; NATS_URL or DATABASE_URL tell where its log is

${saveUsage.text}

${queryUsage.text}

  --log       of the gateway that is started for the purpose; jetstream needs NATS_URL
  --pid       with --url or --grpc: the gateway's process, lets its CPU and memory be measured

docs/bench.md says what each figure means.`,
  async run(runtime, [what, ...args]) {
    if (what === "fanout") return await fanout(runtime, args);
    if (what === "collect") return await collect(runtime, args);
    if (what === "save") return await benchSave(runtime, parseSave(args));
    if (what === "query") return await benchQuery(runtime, parseQuery(args));
    // The process that `fanout` starts for its subscribers.
    if (what === "load") return await runLoad();
    const given = what === undefined ? "nothing" : `"${what}"`;
    throw new UsageError(`Cannot measure ${given}: expected fanout, collect, save or query`);
  },
};

async function fanout(runtime: Runtime, args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subscribers: { type: "string", default: "1000" },
      events: { type: "string", default: "1000" },
      rate: { type: "string", default: "50" },
      batch: { type: "string", default: "1" },
      bytes: { type: "string", default: "200" },
      transport: { type: "string", default: "sse" },
      slow: { type: "string", default: "0" },
      idle: { type: "string" },
      log: { type: "string", default: "embedded" },
      url: { type: "string" },
      pid: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { idle, url } = values;
  await benchFanout(runtime, {
    load:
      idle === undefined
        ? {
            subscribers: wholeNumber("subscribers", values.subscribers, 1, 100_000),
            slow: wholeNumber("slow", values.slow, 0, 100_000),
          }
        : { subscribers: wholeNumber("idle", idle, 1, 100_000), slow: 0 },
    schedule: {
      events: wholeNumber("events", values.events, 1, 100_000_000),
      rate: number("rate", values.rate, 0.001, 1e9),
      batch: wholeNumber("batch", values.batch, 1, 10_000),
      bytes: wholeNumber("bytes", values.bytes, eventBytesMin, 1_000_000),
    },
    transport: oneOf("transport", values.transport, ["sse", "ws"]),
    log: oneOf("log", values.log, ["embedded", "jetstream"]),
    url: url === undefined ? undefined : gatewayUrl(url),
    pid: processId(values.pid),
    idle: idle !== undefined,
    json: values.json,
  });
}

async function collect(runtime: Runtime, args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connections: { type: "string", default: "250" },
      records: { type: "string" },
      batch: { type: "string", default: "1" },
      unary: { type: "boolean", default: false },
      calls: { type: "string", default: "8" },
      log: { type: "string", default: "embedded" },
      grpc: { type: "string" },
      pid: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { unary, grpc } = values;
  const batch = wholeNumber("batch", values.batch, 1, 10_000);
  const records = values.records ?? (unary ? "100000" : "1000000");
  await benchCollect(runtime, {
    load: {
      connections: wholeNumber("connections", values.connections, 1, 100_000),
      // Whole messages alone are sent.
      records: Math.ceil(wholeNumber("records", records, 1, 1e10) / batch) * batch,
      batch,
      method: unary ? "publish" : "collect",
      callsAtOnce: wholeNumber("calls", values.calls, 1, 1000),
    },
    log: oneOf("log", values.log, ["embedded", "jetstream"]),
    grpc: grpc === undefined ? undefined : address(grpc),
    pid: processId(values.pid),
    json: values.json,
  });
}

function processId(text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber("pid", text, 1, 2 ** 31);
}

/** `host:port`. */
function address(text: string): { host: string; port: number } {
  const [, host = "", port = ""] = /^(?:http:\/\/)?([^/:]+):(\d+)\/?$/.exec(text) ?? [];
  if (host === "") {
    throw new UsageError(`Cannot use --grpc ${text}: expected one like 127.0.0.1:4025`);
  }
  return { host, port: wholeNumber("grpc", port, 1, 65_535) };
}
