/** The target of reads and writes (a topic, one key of it, or an emitter), and its addresses. */

import { emittersTopic } from "../core/emitters.ts";
import { SluiceError } from "./error.ts";

export type Target =
  | { readonly topic: string; readonly key?: string | undefined; readonly emitter?: undefined }
  | { readonly emitter: string; readonly topic?: undefined; readonly key?: undefined };

/**
 * What a socket can subscribe to: also the measurements of a tag, the lifecycle events of a message or of
 * an app's messages, and what gets overdue under an ack rule.
 */
export type WatchTarget =
  | Target
  | { readonly series: string }
  | { readonly message: string }
  | { readonly app: string }
  | { readonly rule: string };

/** The members that name a target, in messages as well. */
const targetMembers = ["topic", "key", "emitter", "series", "message", "app", "rule"] as const;

/**
 * Where reading starts. `live`: what is appended from now on. `earliest`: the oldest record kept.
 * `after`: what follows a position. `tail`: the newest n, at most 1,000, then live.
 */
export type From = "live" | "earliest" | { readonly after: string } | { readonly tail: number };

export interface Query {
  readonly [name: string]: string | number | undefined;
}

export function ssePath(target: Target, from: From): string {
  const query = queryFromStart(from);
  if (target.emitter !== undefined) return withQuery(`/sse/log/${segment(target.emitter)}`, query);
  return withQuery(`/v1/topics/${segment(target.topic)}/sse`, { key: target.key, ...query });
}

/** The address of pages and appends. */
export function recordsPath(target: Target, query: Query = {}): string {
  if (target.emitter !== undefined) return withQuery(`/log/${segment(target.emitter)}`, query);
  return withQuery(`/v1/topics/${segment(target.topic)}/records`, { key: target.key, ...query });
}

/** The start as the members of a query, or of a WebSocket message. */
export function queryFromStart(from: From): { after?: string; tail?: number } {
  if (from === "live") return {};
  return from === "earliest" ? { after: "earliest" } : { ...from };
}

/** The target in WebSocket messages, where an emitter is also a key of the emitters' topic. */
export function addressOf(target: WatchTarget): Readonly<Record<string, string>> {
  const { topic, key, ...others } = membersOf(target);
  if (topic === undefined) return others;
  if (key === undefined) return { topic };
  return topic === emittersTopic ? { emitter: key } : { topic, key };
}

/** The members of an object that name a target. */
export function membersOf(given: object): Readonly<Record<string, string>> {
  const members = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    targetMembers.flatMap((name) => {
      const value = members[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

/** Throws `invalid` unless it names exactly one target. For callers without types. */
export function checkTarget(target: Target): void {
  checkNames(membersOf(target), ["topic", "emitter"]);
}

/** The same for what a socket can watch. */
export function checkWatchTarget(target: WatchTarget): void {
  checkNames(membersOf(target), targetMembers);
}

function checkNames(given: Readonly<Record<string, string>>, allowed: readonly string[]): void {
  const names = Object.keys(given).filter((name) => name !== "key");
  const [name = ""] = names;
  const isKeyed = given["key"] === undefined || name === "topic";
  if (names.length === 1 && allowed.includes(name) && given[name] !== "" && isKeyed) return;
  const expected = allowed.filter((one) => one !== "key" && one !== "topic");
  throw new SluiceError(
    "invalid",
    `Cannot use the target: expected { topic, key? } or ${expected.map((one) => `{ ${one} }`).join(", ")}`,
  );
}

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** One segment of a path. Throws `invalid` for `.` and `..`, which URLs resolve even if escaped. */
export function segment(name: string): string {
  if (name !== "." && name !== "..") return encodeURIComponent(name);
  throw new SluiceError("invalid", `Cannot use the name "${name}": an address cannot contain it`);
}
