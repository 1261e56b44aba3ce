/** `sluice bench`: how much one gateway carries, beside what the machine could do at best. */
import { parseArgs } from "node:util";
import { gatewayUrl, number, wholeNumber } from "./args.ts";
import { benchFanout } from "./bench/fanout.ts";
import { runLoad } from "./bench/load.ts";
import { eventBytesMin } from "./bench/stamp.ts";
import { type Command, UsageError } from "./command.ts";

export const bench: Command = {
  summary: "measure fan-out against a bare loop in the same run",
  usage: `sluice bench fanout [--subscribers 1000] [--events 1000] [--rate 50] [--batch 1] [--bytes 200]
                    [--transport sse|ws] [--slow 0] [--log embedded|jetstream]
                    [--url http://… [--pid N]] [--json]
sluice bench fanout --idle 10000 [--transport sse|ws] [--log …] [--url … [--pid N]] [--json]

Opens --subscribers, publishes --events of --bytes at --rate a second, --batch a request, and tells
what it cost and how long it took, beside a bare loop on the same machine that only writes the same
bytes: the floor, measured before and after. Exits with 1 when an event was lost or came twice.

  --slow N    as many more subscribers that never read
  --idle N    opens N subscribers, publishes nothing, and tells the memory that each costs
  --log       of the gateway that is started for the purpose; jetstream needs NATS_URL
  --url       a gateway that runs already; --pid, its process, lets its CPU and memory be measured

docs/bench.md says what each figure means.`,
  async run(runtime, args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
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
    const [what] = positionals;
    // The process that `fanout` starts for its subscribers.
    if (what === "load") return await runLoad();
    if (what !== "fanout" || positionals.length > 1) {
      throw new UsageError(
        `Cannot measure ${what === undefined ? "nothing" : `"${what}"`}: wanted fanout`,
      );
    }
    const { idle, url, pid } = values;
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
      pid: pid === undefined ? undefined : wholeNumber("pid", pid, 1, 2 ** 31),
      idle: idle !== undefined,
      json: values.json,
    });
  },
};

function oneOf<Choice extends string>(
  name: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const chosen = choices.find((choice) => choice === text);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`Cannot use --${name} ${text}: wanted ${choices.join(" or ")}`);
}
