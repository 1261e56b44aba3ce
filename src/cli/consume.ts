/** `sluice consume`: a topic's records as lines of JSON, decoded by the schemas that they name. */

import type { From } from "../client/index.ts";
import { Failure } from "../core/failure.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { command } from "./command/command.ts";
import { flag, text } from "./command/parameters.ts";
import { UsageError } from "./command/usage-error.ts";
import type { LineDecoder } from "./consume/decoder.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { gatewayOptions } from "./gateway/options.ts";
import type { RegistryClient } from "./gateway/rpc-client.ts";
import { keyOption, optionalTopic, readOptions, startFrom } from "./gateway/target-options.ts";
import { type Interruption, listenForStop } from "./terminal/interruption.ts";
import { counted } from "./terminal/listing.ts";

/** What `simulate watch` sends. */
const demoTopic = "biometrics";

export const consume = command({
  name: "consume",
  summary: "print a topic's records, decoded by their schemas",
  description: `Prints each record as one line: protobuf JSON where it names a schema, which is fetched from the
registry; else JSON as it was appended; else {"base64":"..."}. It waits for a topic that does not
exist yet and goes on where it was after a cut.`,
  arguments: { name: optionalTopic },
  options: {
    key: keyOption,
    ...readOptions,
    dynamic: flag("leave out records that do not name a schema or cannot be decoded"),
    generated: flag(`decode as ${demoTopic} with code that was generated from its schema`),
    topic: text({ doc: "the same as the argument", value: "TOPIC", isHidden: true }),
    from: text({ doc: "the same as --after", value: "POSITION", isHidden: true }),
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice consume orders --after earliest --limit 1",
      prints: ['{"order":1,"total":"12.50"}'],
    },
  ],
  async run(runtime, { url, key, limit, dynamic, generated, ...given }) {
    if (dynamic && generated) {
      throw new UsageError("Cannot use --dynamic with --generated: expected one of them");
    }
    const isDemo = dynamic || generated;
    const topic = given.name ?? given.topic ?? (isDemo ? demoTopic : undefined);
    if (topic === undefined) throw new UsageError("Cannot run sluice consume: TOPIC is missing");
    const from = startFrom(given.after ?? given.from, given.tail);
    const interruption = listenForStop(runtime);
    const fetched = dynamic ? "dynamic" : "plain";
    const mode = generated ? "generated" : fetched;
    await printRecords(runtime, { url, topic, key, from, limit, mode, interruption });
    return interruption.exitCode(limit === 0);
  },
});

type Mode = "plain" | "dynamic" | "generated";

interface Consumption {
  readonly url: Gateway;
  readonly topic: string;
  readonly key: string | undefined;
  readonly from: From;
  /** 0: without end. */
  readonly limit: number;
  readonly mode: Mode;
  readonly interruption: Interruption;
}

async function printRecords(
  runtime: Runtime,
  { url, topic, key, from, limit, mode, interruption }: Consumption,
): Promise<void> {
  // Loaded here, because help and completion need neither.
  const { createConnectClients } = await import("./gateway/rpc-client.ts");
  const { readRecords } = await import("./consume/records.ts");
  const { isUndecodable } = await import("./consume/plain.ts");
  const report = (line: string) => runtime.logLine(`${line}\n`);
  const { consumer, registry } = createConnectClients(url);
  const decoder = await createDecoder(mode, registry, report);

  const end = new AbortController();
  const signal = AbortSignal.any([interruption.stop, end.signal]);
  let printed = 0;
  let last = "";
  for await (const { record, position } of readRecords(consumer, {
    ...{ topic, key, from, url, signal, report },
  })) {
    if (record === undefined) continue;
    try {
      runtime.print(`${await decoder.decode(record, signal)}\n`);
      printed++;
      last = position;
    } catch (error) {
      if (signal.aborted) break;
      // The records after it are unharmed.
      if (!(error instanceof Failure && isUndecodable(error))) throw error;
      report(`The record at ${position} is left out: ${error.message}`);
    }
    if (printed === limit) break;
  }
  end.abort();
  const more = last === "" ? "" : `; go on with --after ${last}`;
  report(`${counted(printed, "record")}${more}`);
}

async function createDecoder(
  mode: Mode,
  registry: RegistryClient,
  report: (line: string) => void,
): Promise<LineDecoder> {
  if (mode === "generated") return (await import("./consume/generated.ts")).generatedDecoder;
  const { createDynamicDecoder } = await import("./consume/dynamic.ts");
  const bySchema = createDynamicDecoder(registry, report);
  if (mode === "dynamic") return bySchema;
  return (await import("./consume/plain.ts")).createPlainDecoder(bySchema, report);
}
