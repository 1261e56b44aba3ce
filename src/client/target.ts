/** The target of reads and writes (a topic, one key of it, or an emitter), and its addresses. */

import { emittersTopic } from "../core/emitters.ts";
import { SluiceError } from "./error.ts";

export type Target =
  | { readonly topic: string; readonly key?: string | undefined; readonly emitter?: undefined }
  | { readonly emitter: string; readonly topic?: undefined; readonly key?: undefined };

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
export function addressOf(target: Target): Readonly<Record<string, string>> {
  if (target.emitter !== undefined) return { emitter: target.emitter };
  if (target.key === undefined) return { topic: target.topic };
  if (target.topic === emittersTopic) return { emitter: target.key };
  return { topic: target.topic, key: target.key };
}

/** Throws `invalid` unless it names exactly one target. For callers without types. */
export function checkTarget(target: Target): void {
  const given = [target.topic, target.emitter].filter((name) => name !== undefined);
  if (given.length === 1 && given[0] !== "") return;
  throw new SluiceError(
    "invalid",
    "Cannot use the target: expected { topic, key? } or { emitter }",
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
