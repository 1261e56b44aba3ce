/** `sluice consume`: a topic's records as lines of JSON, with generated code or without any. */
import process from "node:process";
import { parseArgs } from "node:util";
import { Failure } from "../core/failure.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createConnectClients } from "./rpc-client.ts";
import { gatewayUrl, wholeNumber } from "./args.ts";
import { type Command, UsageError } from "./command.ts";
import { createDynamicDecoder } from "./consume/dynamic.ts";
import { generatedDecoder } from "./consume/generated.ts";
import { readRecords } from "./consume/records.ts";

export const consume: Command = {
  summary: "print a topic's records, decoded by their schemas",
  usage: `sluice consume --dynamic | --generated [--topic biometrics] [--from live|earliest|POSITION]
               [--limit 0] [--url http://localhost:9000]

Prints each record as one line of protobuf JSON. --dynamic knows no schema: it fetches the one that a
record names from the registry, and each new one as it appears. --generated reads biometrics, with
code that was generated from their schema. Goes on where it was after a cut, and ends after --limit
records, or with Ctrl-C.`,
  async run(runtime, args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        dynamic: { type: "boolean", default: false },
        generated: { type: "boolean", default: false },
        topic: { type: "string", default: "biometrics" },
        from: { type: "string", default: "live" },
        limit: { type: "string", default: "0" },
        url: { type: "string", default: "http://localhost:9000" },
      },
    });
    if (values.dynamic === values.generated) {
      throw new UsageError("Cannot consume: expected one of --dynamic and --generated");
    }
    await printRecords(runtime, {
      url: gatewayUrl(values.url),
      topic: values.topic,
      from: values.from,
      limit: wholeNumber("limit", values.limit, 0, Number.MAX_SAFE_INTEGER),
      isDynamic: values.dynamic,
    });
  },
};

interface Consumption {
  readonly url: string;
  readonly topic: string;
  readonly from: string;
  /** 0: without end. */
  readonly limit: number;
  readonly isDynamic: boolean;
}

async function printRecords(
  runtime: Runtime,
  { url, topic, from, limit, isDynamic }: Consumption,
): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  runtime.onStop(() => stop.abort());
  // Whoever read what is printed has left, as in `sluice consume | head`.
  process.stdout.on("error", () => stop.abort());
  const tell = (line: string) => runtime.logLine(`${line}\n`);
  const { consumer, registry } = createConnectClients(url);
  const decoder = isDynamic ? createDynamicDecoder(registry, tell) : generatedDecoder;

  let printed = 0;
  let last = "";
  for await (const { record, position } of readRecords(consumer, { topic, from, signal, tell })) {
    if (record === undefined) continue;
    try {
      runtime.print(`${await decoder.decode(record, signal)}\n`);
      printed++;
      last = position;
    } catch (error) {
      if (signal.aborted) break;
      // The record is as it is; those after it are none the worse.
      if (!(error instanceof Failure && isOfRecord(error))) throw error;
      tell(`The record at ${position} is left out: ${error.message}`);
    }
    if (printed === limit) break;
  }
  stop.abort();
  const end = last === "" ? "" : `; go on with --from ${last}`;
  tell(`${printed} records${end}`);
}

/** Bytes that do not decode, or a schema that the registry does not have. */
function isOfRecord({ code }: Failure): boolean {
  return code === "invalid" || code === "not_found";
}
