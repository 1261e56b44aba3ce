/** What is read or written: a topic, one key of it, or an emitter; and where its addresses are. */
import { emittersTopic } from "../core/emitters.ts";
import { SluiceError } from "./error.ts";

export type Target =
  | { readonly topic: string; readonly key?: string | undefined; readonly emitter?: undefined }
  | { readonly emitter: string; readonly topic?: undefined; readonly key?: undefined };

/**
 * Where reading starts. `live`: what is appended from now on. `earliest`: the oldest that is kept.
 * `after`: what follows a position. `tail`: the newest n, at most 1,000, then live.
 */
export type From = "live" | "earliest" | { readonly after: string } | { readonly tail: number };

export interface Query {
  readonly [name: string]: string | number | undefined;
}

export function ssePath(target: Target, from: From): string {
  const query = queryFromStart(from);
  if (target.emitter !== undefined) return withQuery(`/sse/log/${part(target.emitter)}`, query);
  return withQuery(`/v1/topics/${part(target.topic)}/sse`, { key: target.key, ...query });
}

/** Where pages are read and events appended. */
export function recordsPath(target: Target, query: Query = {}): string {
  if (target.emitter !== undefined) return withQuery(`/log/${part(target.emitter)}`, query);
  return withQuery(`/v1/topics/${part(target.topic)}/records`, { key: target.key, ...query });
}

/** The start as the members of a query, or of a WebSocket message. */
export function queryFromStart(from: From): { after?: string; tail?: number } {
  if (from === "live") return {};
  return from === "earliest" ? { after: "earliest" } : { ...from };
}

/** As WebSocket messages name it: an emitter is a key of the emitters' topic there, too. */
export function addressOf(target: Target): Readonly<Record<string, string>> {
  if (target.emitter !== undefined) return { emitter: target.emitter };
  if (target.key === undefined) return { topic: target.topic };
  if (target.topic === emittersTopic) return { emitter: target.key };
  return { topic: target.topic, key: target.key };
}

/** Throws `invalid` unless it names exactly one thing. For callers without types. */
export function checkTarget(target: Target): void {
  const given = [target.topic, target.emitter].filter((name) => name !== undefined);
  if (given.length === 1 && given[0] !== "") return;
  throw new SluiceError(
    "invalid",
    "Cannot tell the target: expected { topic, key? } or { emitter }",
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

/** One part of a path. Throws `invalid` for the two names that every URL swallows, however escaped. */
export function part(name: string): string {
  if (name !== "." && name !== "..") return encodeURIComponent(name);
  throw new SluiceError("invalid", `Cannot use the name "${name}": no address can hold it`);
}
