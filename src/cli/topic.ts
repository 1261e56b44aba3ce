/** `sluice topic`: topics of a running gateway. */
import { parseArgs } from "node:util";
import { gatewayUrl } from "./args.ts";
import { ask } from "./gateway.ts";
import { type Command, UsageError } from "./command.ts";

interface TopicAnswer {
  readonly name: string;
  readonly layout: string;
  readonly bytes: number;
  readonly retention_ms: number;
  readonly end: string | null;
}

export const topic: Command = {
  summary: "list, make, show and remove topics",
  usage: `sluice topic list | show NAME | create NAME [--layout records|frames] [--retention-hours N]
            [--schema none|id|validated] | remove NAME
            [--url http://localhost:9000]`,
  async run(runtime, args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://localhost:9000" },
        layout: { type: "string" },
        "retention-hours": { type: "string" },
        schema: { type: "string" },
      },
    });
    const url = gatewayUrl(values.url);
    const [verb, name] = positionals;
    if (verb === "list" && name === undefined) {
      const { topics } = await ask<{ topics: TopicAnswer[] }>(url, "GET", "/v1/topics");
      for (const one of topics) {
        runtime.print(
          `${one.name.padEnd(32)} ${one.layout.padEnd(8)} ${String(one.bytes).padStart(14)} bytes  ${one.end ?? "empty"}\n`,
        );
      }
      return;
    }
    if (name === undefined || positionals.length > 2) {
      throw new UsageError("Wanted a verb and a topic's name");
    }
    const path = `/v1/topics/${encodeURIComponent(name)}`;
    if (verb === "remove") {
      await ask(url, "DELETE", path);
      return;
    }
    if (verb !== "show" && verb !== "create") throw new UsageError(`There is no verb "${verb}"`);
    const hours = values["retention-hours"];
    const settings = {
      ...(values.layout === undefined ? {} : { layout: values.layout }),
      ...(values.schema === undefined ? {} : { schema: values.schema }),
      ...(hours === undefined ? {} : { retention_ms: Math.round(Number(hours) * 3_600_000) }),
    };
    const answer = await (verb === "show"
      ? ask(url, "GET", path)
      : ask(url, "PUT", path, settings));
    runtime.print(`${JSON.stringify(answer, null, 2)}\n`);
  },
};
