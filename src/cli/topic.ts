/** `sluice topic`: topics of a running gateway. */

import type { Runtime } from "../runtime/runtime.ts";
import { command, type CommandGroup } from "./command/command.ts";
import { choice, number, text, wholeNumber } from "./command/parameters.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { gatewayOptions, jsonOption } from "./gateway/options.ts";
import { request } from "./gateway/request.ts";
import { Listing, printJson } from "./terminal/listing.ts";

interface TopicAnswer {
  readonly name: string;
  readonly layout: string;
  readonly retention_ms: number;
  readonly retention_bytes: number;
  readonly schema: string;
  readonly bytes: number;
  readonly start: string;
  readonly end: string | null;
}

interface TopicPage {
  readonly topics: readonly TopicAnswer[];
  readonly next: string | null;
}

const name = text({ doc: "name of the topic", value: "NAME", required: true });

const list = command({
  name: "list",
  summary: "list all topics",
  arguments: {},
  options: { json: jsonOption, ...gatewayOptions },
  examples: [{ line: "sluice topic list", prints: ["NAME", "orders"] }],
  async run(runtime, { url, json }) {
    const topics = await allTopics(url);
    new Listing<TopicAnswer>(
      runtime,
      [
        { title: "NAME", cell: (topic) => topic.name },
        { title: "LAYOUT", cell: (topic) => topic.layout },
        { title: "SCHEMA", cell: (topic) => topic.schema },
        { title: "BYTES", align: "right", cell: (topic) => String(topic.bytes) },
        { title: "END", cell: (topic) => topic.end ?? "empty" },
      ],
      json,
    ).print(topics);
  },
});

async function allTopics(url: Gateway): Promise<readonly TopicAnswer[]> {
  const all: TopicAnswer[] = [];
  for (let after: string | null = ""; after !== null;) {
    const from: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const page: TopicPage = await request<TopicPage>(url, "GET", `/v1/topics?limit=1000${from}`);
    all.push(...page.topics);
    after = page.next;
  }
  return all;
}

const show = command({
  name: "show",
  summary: "show the settings, the size and the ends of a topic",
  arguments: { name },
  options: { json: jsonOption, ...gatewayOptions },
  examples: [{ line: "sluice topic show orders", prints: ['"name": "orders"'] }],
  async run(runtime, { url, json, name: topic }) {
    printTopic(runtime, await request(url, "GET", topicPath(topic)), json);
  },
});

const create = command({
  name: "create",
  summary: "create a topic with its settings, or change its retention",
  description: `The first append creates a topic as well, with the default settings. Of a topic that exists, retention can
be changed, and the schema rule for records that come; another layout is refused.`,
  arguments: { name },
  options: {
    layout: choice({
      doc: "how the log stores records; frames are faster to write in bulk",
      choices: ["records", "frames"],
    }),
    schema: choice({
      doc: "what the gateway checks of each record",
      choices: ["none", "id", "validated"],
    }),
    "retention-hours": number({
      doc: "records older than this may be dropped; 0 keeps them",
      value: "HOURS",
      min: 0,
      max: 87_600,
    }),
    "retention-bytes": wholeNumber({
      doc: "the oldest records past this size are dropped; 0 sets no limit",
      value: "BYTES",
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice topic create audit --retention-hours 720 --retention-bytes 0",
      prints: ['"name": "audit"', '"retention_ms": 2592000000'],
    },
  ],
  async run(runtime, { url, json, name: topic, layout, schema, retentionHours, retentionBytes }) {
    const settings = {
      layout,
      schema,
      retention_ms:
        retentionHours === undefined ? undefined : Math.round(retentionHours * 3_600_000),
      retention_bytes: retentionBytes,
    };
    printTopic(runtime, await request(url, "PUT", topicPath(topic), settings), json);
  },
});

const remove = command({
  name: "delete",
  alias: "remove",
  summary: "delete a topic with all its records",
  arguments: { name },
  options: { ...gatewayOptions },
  examples: [{ line: "sluice topic delete audit" }],
  async run(_, { url, name: topic }) {
    await request(url, "DELETE", topicPath(topic));
  },
});

export const topic: CommandGroup = {
  name: "topic",
  summary: "list, show, create and delete topics",
  commands: [list, show, create, remove],
};

function topicPath(topic: string): string {
  return `/v1/topics/${encodeURIComponent(topic)}`;
}

function printTopic(runtime: Runtime, topic: TopicAnswer, json: boolean): void {
  if (json) return printJson(runtime, topic);
  runtime.print(`${JSON.stringify(topic, null, 2)}\n`);
}
