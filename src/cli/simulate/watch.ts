/** `sluice simulate watch`: watches that stream what they measure. */

import { command } from "../command/command.ts";
import { choice, number, seconds, text, wholeNumber } from "../command/parameters.ts";
import { gatewayOptions, grpcOption, jsonOption } from "../gateway/options.ts";
import { grpcUrlFrom } from "../gateway/request.ts";
import { seedOption } from "./seed-option.ts";

export const watch = command({
  name: "watch",
  summary: "watches that stream biometrics",
  description: `Registers the schema of biometrics under <topic>-value. Then each watch streams --rate records a
second over gRPC, on its own connection: heart rate, motion and steps of somebody who rests, walks
and runs. The same seed measures the same. Ends after --seconds, or with Ctrl-C.`,
  arguments: {},
  options: {
    watches: wholeNumber({ doc: "watches", value: "N", default: "100", min: 1, max: 10_000 }),
    rate: number({
      doc: "records a second of each",
      value: "N",
      default: "1",
      min: 0.001,
      max: 1000,
    }),
    seconds: seconds("end after so long; 0 waits for Ctrl-C"),
    seed: seedOption,
    topic: text({ doc: "topic of the records", value: "TOPIC", default: "biometrics" }),
    call: choice({
      doc: "the method: one acknowledgement a stream, or running ones",
      default: "collect",
      choices: ["collect", "ingest"],
    }),
    json: jsonOption,
    grpc: grpcOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice simulate watch --watches 20 --rate 5 --seconds 2",
      prints: ["20 watches stream to biometrics", "records of 20 watches sent"],
    },
  ],
  async run(runtime, { url, grpc, ...given }) {
    const address = grpc ?? (await grpcUrlFrom(url));
    const { streamWearables } = await import("./stream-wearables.ts");
    return await streamWearables(runtime, { grpc: url.at(address), ...given });
  },
});
