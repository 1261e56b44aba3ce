/** `sluice emitter`: emitters of a running gateway. */

import type { Runtime } from "../runtime/runtime.ts";
import { command, type CommandGroup } from "./command/command.ts";
import { choice, flag, number, text, texts } from "./command/parameters.ts";
import { UsageError } from "./command/usage-error.ts";
import { gatewayOptions, jsonOption } from "./gateway/options.ts";
import { request } from "./gateway/request.ts";
import { Listing, printJson } from "./terminal/listing.ts";

interface EmitterAnswer {
  readonly id: string;
  readonly source: string;
  readonly rate: number;
  readonly created_at: string;
  readonly ended_at?: string;
}

const pageLimit = 1000;

const create = command({
  name: "create",
  summary: "create an emitter that is written with publish, or one that is simulated",
  description: `Creating it again under the same id changes nothing; with another source or rate it is refused.`,
  arguments: { id: text({ doc: "its id; the gateway chooses one by default", value: "ID" }) },
  options: {
    source: choice({
      doc: "external: others append; guest: the gateway simulates an instance that writes a log",
      default: "external",
      choices: ["external", "guest"],
    }),
    rate: number({ doc: "events a second of a guest", value: "N", min: 0.001, max: 1000 }),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    { line: "sluice emitter create web-1", prints: ["web-1"] },
    { line: "sluice emitter create demo --source guest --rate 5", prints: ["demo"] },
  ],
  async run(runtime, { url, id, source, rate, json }) {
    if (source === "external" && rate !== undefined) {
      throw new UsageError("Cannot use --rate: only a guest has one, expected --source guest");
    }
    const path = id === undefined ? "/log" : emitterPath(id);
    const made = await request<EmitterAnswer>(url, "PUT", path, { source, rate });
    if (json) printJson(runtime, made);
    else runtime.print(`${made.id}\n`);
  },
});

const list = command({
  name: "list",
  summary: "list the emitters",
  arguments: {},
  options: {
    ended: flag("include those that have ended"),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [{ line: "sluice emitter list", prints: ["ID", "web-1"] }],
  async run(runtime, { url, ended, json }) {
    const listing = emitterListing(runtime, json);
    for (let after: string | null = ""; after !== null;) {
      const query: URLSearchParams = new URLSearchParams({
        limit: String(pageLimit),
        ...(after === "" ? {} : { after }),
        ...(ended ? { ended: "true" } : {}),
      });
      const page: { emitters: EmitterAnswer[]; next: string | null } = await request(
        url,
        "GET",
        `/log?${query.toString()}`,
      );
      listing.print(page.emitters);
      after = page.next;
    }
  },
});

const remove = command({
  name: "delete",
  summary: "end emitters: their watchers are notified, their records are kept",
  arguments: {
    ids: texts({ doc: "ids of emitters", value: "ID", required: true }),
  },
  options: { ...gatewayOptions },
  examples: [{ line: "sluice emitter delete demo", prints: ["demo"] }],
  async run(runtime, { url, ids }) {
    for (const id of ids) {
      await request(url, "DELETE", emitterPath(id));
      runtime.print(`${id}\n`);
    }
  },
});

export const emitter: CommandGroup = {
  name: "emitter",
  summary: "create, list and end emitters",
  commands: [create, list, remove],
};

function emitterPath(id: string): string {
  return `/log/${encodeURIComponent(id)}`;
}

function emitterListing(runtime: Runtime, json: boolean): Listing<EmitterAnswer> {
  return new Listing(
    runtime,
    [
      { title: "ID", cell: ({ id }) => id },
      { title: "SOURCE", cell: ({ source }) => source },
      { title: "RATE", align: "right", cell: ({ rate }) => String(rate) },
      { title: "CREATED", cell: ({ created_at }) => created_at },
      { title: "ENDED", cell: ({ ended_at }) => ended_at ?? "" },
    ],
    json,
  );
}
