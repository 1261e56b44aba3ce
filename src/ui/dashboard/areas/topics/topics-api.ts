/** Topics as their pages ask for them. */

import { printJson } from "../../../exact-json.ts";
import { request } from "../../../http.ts";
import { segment } from "../../shell/place.ts";

export const sorts = ["name", "rate", "size", "lag", "silent"] as const;
export type Sort = (typeof sorts)[number];

export type Layout = "records" | "frames";
export type SchemaRule = "none" | "id" | "validated";

export interface Topic {
  readonly name: string;
  readonly layout: Layout;
  readonly retention_ms: number;
  readonly retention_bytes: number;
  readonly schema: SchemaRule;
  readonly internal: boolean;
  readonly bytes: number;
  readonly start: string;
  readonly end: string | null;
}

export interface Settings {
  readonly layout?: Layout;
  readonly retention_ms?: number;
  readonly retention_bytes?: number;
  readonly schema?: SchemaRule;
}

export interface Lag {
  readonly consumer: string;
  readonly node: string;
  readonly lag_s: number;
  readonly lag_before_s: number;
  readonly lag_entries: number | null;
}

export interface Activity {
  readonly topic: string;
  readonly records_per_s: number;
  readonly bytes_per_s: number;
  readonly refused_per_s: number;
  readonly last_record: string | null;
  readonly lag: Lag | null;
}

export interface About {
  readonly topic: Topic;
  readonly activity: Activity;
  readonly readers: readonly {
    readonly node: string;
    readonly place: string;
    readonly subscriptions: number;
  }[];
  readonly lags: readonly Lag[];
  readonly uses: readonly {
    readonly kind: "rule" | "relation";
    readonly name: string;
    readonly does: "reads" | "writes";
  }[];
}

export interface TopicQuery {
  readonly q: string;
  readonly sort: Sort;
  readonly internal: boolean;
  readonly after?: string | undefined;
}

/** Rows of one request. */
export const pageSize = 200;

export async function listTopics({
  q,
  sort,
  internal,
  after,
}: TopicQuery): Promise<{ readonly topics: readonly Topic[]; readonly next: string | null }> {
  const query = new URLSearchParams({ sort, internal: internal ? "1" : "0" });
  query.set("limit", String(pageSize));
  if (q !== "") query.set("q", q);
  if (after !== undefined) query.set("after", after);
  return await request(`/v1/topics?${query}`);
}

export async function readActivity(names: readonly string[]): Promise<readonly Activity[]> {
  const answer = plain(await request(`/v1/activity?topics=${names.join(",")}`));
  return (answer as { readonly topics: readonly Activity[] }).topics;
}

export async function readAbout(name: string): Promise<About> {
  return plain(await request(`/v1/topics/${segment(name)}/about`)) as About;
}

export async function readTopic(name: string): Promise<Topic> {
  return await request(`/v1/topics/${segment(name)}`);
}

export async function putTopic(name: string, settings: Settings): Promise<Topic> {
  return await request(`/v1/topics/${segment(name)}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(settings),
  });
}

/** What a change of settings would do, of the newest records. */
export interface ChangePreview {
  readonly changes: readonly string[];
  readonly checked: number;
  readonly refused: number;
  readonly newest_refusal: {
    readonly position: string;
    readonly field: string;
    readonly message: string;
  } | null;
}

export async function previewTopic(name: string, settings: Settings): Promise<ChangePreview> {
  return await request(`/v1/topics/${segment(name)}/preview`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(settings),
  });
}

export async function removeTopic(name: string): Promise<void> {
  await request(`/v1/topics/${segment(name)}`, { method: "DELETE" });
}

/** Numbers with fractions as numbers: nothing here is an integer of 64 bits. */
function plain(answer: unknown): unknown {
  return JSON.parse(printJson(answer));
}
