/** `sluice simulate`: producers that look like the real ones, against a running gateway. */
import { type Command, UsageError } from "./command.ts";
import { emitters } from "./simulate/emitters.ts";
import { files } from "./simulate/files.ts";
import { lifecycles } from "./simulate/lifecycles.ts";
import { measurements } from "./simulate/measurements.ts";
import { watch } from "./simulate/watch.ts";

const kinds: ReadonlyMap<string, Command> = new Map([
  ["emitters", emitters],
  ["watch", watch],
  ["files", files],
  ["measurements", measurements],
  ["lifecycles", lifecycles],
]);

export const simulate: Command = {
  summary: "run simulated producers against a gateway",
  usage: [...kinds.values()].map(({ usage }) => usage).join("\n\n"),
  async run(runtime, args) {
    const [name = "", ...rest] = args;
    const kind = kinds.get(name);
    if (kind === undefined) {
      throw new UsageError(
        `Cannot simulate ${name === "" ? "nothing" : `"${name}"`}: expected one of ${[...kinds.keys()].join(", ")}`,
      );
    }
    await kind.run(runtime, rest);
  },
};
