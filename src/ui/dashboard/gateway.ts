/** The requests of the dashboard to its gateway. */

import { recordEvent, type ShownEvent } from "../event.ts";
import { printJson } from "../exact-json.ts";
import { request } from "../http.ts";
import type { Target } from "./target.ts";

export interface EmitterInfo {
  readonly id: string;
  readonly source: "guest" | "external";
  readonly rate: number;
  readonly created_at: string;
  readonly ended_at?: string;
}

export interface EmitterList {
  readonly emitters: readonly EmitterInfo[];
  readonly next: string | null;
}

export interface TopicInfo {
  readonly name: string;
  readonly layout: string;
  readonly bytes: number;
  readonly retention_ms: number;
}

/** The members that the page shows; each may be missing in another version. */
export interface Status {
  readonly status: string;
  readonly node?: string;
  readonly runtime?: string;
  readonly log?: string;
  readonly uptime_s?: number;
  readonly memory_bytes?: number;
  readonly hub?: Readonly<Record<string, unknown>>;
  readonly emitters?: Readonly<Record<string, unknown>>;
}

export interface ShownPage {
  readonly events: readonly ShownEvent[];
  readonly next: string | null;
  readonly prev: string | null;
}

export const listLimit = 200;

export function readStatus(): Promise<Status> {
  return request<Status>("/status");
}

export function listEmitters(after: string | undefined, ended: boolean): Promise<EmitterList> {
  const query = new URLSearchParams({ limit: String(listLimit), ended: String(ended) });
  if (after !== undefined) query.set("after", after);
  return request<EmitterList>(`/log?${query}`);
}

export function readEmitter(id: string): Promise<EmitterInfo & { readonly events: number }> {
  return request(`/v1/emitters/${encodeURIComponent(id)}`);
}

export function createEmitter(id: string, source: string, rate: number): Promise<EmitterInfo> {
  const body = JSON.stringify(source === "guest" ? { source, rate } : { source });
  const path = id === "" ? "/log" : `/log/${encodeURIComponent(id)}`;
  return request(path, { method: "PUT", body, headers: { "content-type": "application/json" } });
}

export function endEmitter(id: string): Promise<EmitterInfo> {
  return request(`/log/${encodeURIComponent(id)}`, { method: "DELETE" });
}

interface TopicPage {
  readonly topics: readonly TopicInfo[];
  readonly next: string | null;
}

export async function listTopics(): Promise<readonly TopicInfo[]> {
  const all: TopicInfo[] = [];
  for (let after: string | null = ""; after !== null;) {
    const query = new URLSearchParams({ limit: "1000", ...(after === "" ? {} : { after }) });
    const page: TopicPage = await request<TopicPage>(`/v1/topics?${query}`);
    all.push(...page.topics);
    after = page.next;
  }
  return all;
}

interface Page {
  readonly events: readonly {
    readonly position: string;
    readonly time: string;
    readonly data: unknown;
  }[];
  readonly next: string | null;
  readonly prev: string | null;
}

export async function readPage(
  target: Target,
  query: { readonly after?: string; readonly before?: string },
): Promise<ShownPage> {
  const { events, next, prev } = await request<Page>(
    `${target.pages}?${new URLSearchParams({ limit: "100", ...query })}`,
  );
  const shown = events.map(({ data, position, time }) =>
    recordEvent(printJson(data), position, time),
  );
  return { events: shown, next, prev };
}
