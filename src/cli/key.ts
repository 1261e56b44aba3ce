/** `sluice key`: the API keys of a running gateway. */

import { parseCount } from "../core/parse.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { command, type CommandGroup } from "./command/command.ts";
import { single, text, texts, unusable } from "./command/parameters.ts";
import { UsageError } from "./command/usage-error.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { gatewayOptions, jsonOption } from "./gateway/options.ts";
import { request } from "./gateway/request.ts";
import { Listing, printJson } from "./terminal/listing.ts";

interface KeyAnswer {
  readonly id: string;
  readonly name: string;
  readonly grants: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

interface KeyPage {
  readonly keys: readonly KeyAnswer[];
  readonly next: string | null;
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const countMax = 100_000;

const create = command({
  name: "create",
  summary: "create an API key, and print it: it is not shown again",
  description: `Nobody can grant more than they have. The first key of an open gateway closes it, so it must have
"manage node:keys" and not expire.`,
  arguments: {
    name: text({ doc: "its name, for people", value: "NAME", required: true }),
  },
  options: {
    grant: texts({
      doc: "what it may do, such as 'append topic:orders.*'; may be repeated",
      value: "GRANT",
    }),
    expires: single({ doc: "how long it works: 30d, 12h, 45m", value: "TIME" }, parseAge),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice key create admin --grant 'read *' --grant 'append *' --grant 'manage *'",
      notRun: "it would close the gateway for the other examples",
    },
    {
      line: "sluice key create orders --grant 'append topic:orders.*' --expires 30d",
      notRun: "the first key must be one that can manage keys",
    },
  ],
  async run(runtime, { url, name, grant: grants, expires, json }) {
    if (grants.length === 0) {
      throw new UsageError("Cannot create a key without a grant: expected --grant GRANT");
    }
    const until =
      expires === undefined ? {} : { expires_at: new Date(Date.now() + expires).toISOString() };
    const body = { name, grants, ...until };
    const made = await request<KeyAnswer & { readonly key: string }>(url, "POST", "/v1/keys", body);
    if (json) printJson(runtime, made);
    else runtime.print(`${made.key}\n`);
  },
});

const list = command({
  name: "list",
  summary: "list the API keys, without their secrets",
  arguments: {},
  options: { json: jsonOption, ...gatewayOptions },
  examples: [{ line: "sluice key list" }],
  async run(runtime, { url, json }) {
    new Listing<KeyAnswer>(
      runtime,
      [
        { title: "ID", cell: ({ id }) => id },
        { title: "NAME", cell: ({ name }) => name },
        { title: "EXPIRES", cell: ({ expires_at: at }) => at ?? "never" },
        { title: "LAST USED", cell: ({ last_used_at: at }) => at ?? "never" },
        { title: "GRANTS", cell: ({ grants }) => grants.join(", ") },
      ],
      json,
    ).print(await allKeys(url));
  },
});

const revoke = command({
  name: "revoke",
  summary: "revoke an API key: it stops working on every node within a second",
  arguments: { key: text({ doc: "its name or id", value: "KEY", required: true }) },
  options: { ...gatewayOptions },
  examples: [{ line: "sluice key revoke orders", notRun: "there is no such key" }],
  async run(_: Runtime, { url, key: which }) {
    await request(url, "DELETE", `/v1/keys/${encodeURIComponent(which)}`);
  },
});

export const key: CommandGroup = {
  name: "key",
  summary: "create, list and revoke API keys",
  commands: [create, list, revoke],
};

async function allKeys(gateway: Gateway): Promise<readonly KeyAnswer[]> {
  const all: KeyAnswer[] = [];
  for (let after: string | null = ""; after !== null;) {
    const from: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const page: KeyPage = await request<KeyPage>(gateway, "GET", `/v1/keys?limit=1000${from}`);
    all.push(...page.keys);
    after = page.next;
  }
  return all;
}

/** In milliseconds. */
function parseAge(given: string, label: string): number {
  const unit = unitMs[given.slice(-1)];
  const count = parseCount(given.slice(0, -1), 1, countMax);
  if (unit === undefined || !count.ok) throw unusable(label, given, "one like 30d, 12h or 45m");
  return count.value * unit;
}
