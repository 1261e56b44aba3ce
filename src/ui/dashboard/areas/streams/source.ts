/** What a stream is of, as addresses spell it: `topic:orders@8mi8wtfaq-23a`, `emitter:web-1`. */

import type { WatchTarget } from "../../../../client/target.ts";
import { gatewayUrl } from "../../../root.ts";
import { hrefTo, segment } from "../../shell/place.ts";

export const kinds = ["topic", "emitter", "series", "message", "app", "rule"] as const;
export type Kind = (typeof kinds)[number];

export interface Source {
  readonly kind: Kind;
  /** Of a topic also `orders/key`: no topic has a slash in its name. */
  readonly name: string;
}

/** The rights of a message are those of its apps. */
export const resourceOf: Readonly<Record<Kind, string>> = {
  topic: "topic",
  emitter: "emitter",
  series: "series",
  message: "app",
  app: "app",
  rule: "rule",
};

export interface Placed {
  readonly source: Source;
  /** Where it starts; undefined: with the newest events. */
  readonly after: string | undefined;
}

/** What is shown of a stream: the gateway passes over the rest. */
export interface StreamFilter {
  /** In CEL. */
  readonly where: string | undefined;
  readonly text: string | undefined;
}

const placed = /^([a-z]+):(.+?)(?:@([0-9a-z]{2,12}-[0-9a-z]{2,12}(?:-[0-9a-z]{2,12})?))?$/s;

/** Undefined for a text that names nothing. */
export function parsePlaced(text: string): Placed | undefined {
  const [, kind = "", name = "", after] = placed.exec(text) ?? [];
  const known = kinds.find((one) => one === kind);
  return known === undefined || name === "" ? undefined : { source: { kind: known, name }, after };
}

export function printPlaced({ kind, name }: Source, after?: string): string {
  return after === undefined ? `${kind}:${name}` : `${kind}:${name}@${after}`;
}

export function targetOf({ kind, name }: Source): WatchTarget {
  if (kind === "topic") {
    const { topic, key } = topicOf(name);
    return key === undefined ? { topic } : { topic, key };
  }
  if (kind === "emitter") return { emitter: name };
  if (kind === "series") return { series: name };
  if (kind === "message") return { message: name };
  return kind === "app" ? { app: name } : { rule: name };
}

function topicOf(name: string): { readonly topic: string; readonly key: string | undefined } {
  const slash = name.indexOf("/");
  if (slash < 0) return { topic: name, key: undefined };
  return { topic: name.slice(0, slash), key: name.slice(slash + 1) };
}

/** Whether its events have different keys. */
export function hasKeys({ kind, name }: Source): boolean {
  return kind === "app" || (kind === "topic" && topicOf(name).key === undefined);
}

/** The page about it. */
export function pageOf({ kind, name }: Source): string {
  return pages[kind](name);
}

const pages: Readonly<Record<Kind, (name: string) => string>> = {
  topic: (name) => {
    const { topic, key } = topicOf(name);
    return hrefTo(`/topics/${segment(topic)}`, { key });
  },
  emitter: (name) => hrefTo(`/emitters/${segment(name)}`),
  series: (name) => hrefTo("/plot", { s: `${name}~0~mean` }),
  message: (name) => hrefTo("/messages", { id: name }),
  app: (name) => hrefTo("/apps/one", { app: name }),
  rule: (name) => hrefTo(`/rules/${segment(name)}`),
};

/** The command that watches it. `isClosed`: it needs a key. */
export function watchCommand({ kind, name }: Source, isClosed: boolean): string {
  return `curl -N${keyOption(isClosed)} '${gatewayUrl(ssePaths[kind](name)).href}'`;
}

/** Appends an event to an emitter. */
export function appendCommand(emitter: string, isClosed: boolean): string {
  const address = gatewayUrl(`/log/${segment(emitter)}`).href;
  return `curl${keyOption(isClosed)} '${address}' -d '{"level":"INFO","message":"hello"}'`;
}

function keyOption(isClosed: boolean): string {
  return isClosed ? ' -H "Authorization: Bearer $SLUICE_KEY"' : "";
}

const ssePaths: Readonly<Record<Kind, (name: string) => string>> = {
  topic: (name) => {
    const { topic, key } = topicOf(name);
    const query = key === undefined ? "" : `?key=${encodeURIComponent(key)}`;
    return `/v1/topics/${segment(topic)}/sse${query}`;
  },
  emitter: (name) => `/sse/log/${segment(name)}`,
  series: (name) => `/sse/series/${segment(name)}`,
  message: (name) => `/sse/messages/${segment(name)}`,
  app: (name) => `/sse/apps/${segment(name)}/messages`,
  rule: (name) => `/sse/ack-rules/${segment(name)}/overdue`,
};
