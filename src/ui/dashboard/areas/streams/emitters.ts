/** The requests about emitters, and their list as state of the page. */

import { useCallback } from "preact/hooks";
import { printJson } from "../../../exact-json.ts";
import { request } from "../../../http.ts";
import { type PolledPages, usePolledPages } from "../../kit/polled-pages.ts";
import type { Line } from "./tail.ts";

export interface EmitterInfo {
  readonly id: string;
  readonly source: "guest" | "external";
  readonly rate: number;
  readonly created_at: string;
  readonly ended_at?: string;
}

export interface EmitterDetails extends EmitterInfo {
  readonly events: number;
  readonly node?: string;
}

interface EmitterList {
  readonly emitters: readonly EmitterInfo[];
  readonly next: string | null;
}

const limit = 200;
const listMs = 5000;

const pathOf = (id: string) => `/log/${encodeURIComponent(id)}`;

export function readEmitter(id: string): Promise<EmitterDetails> {
  return request(`/v1/emitters/${encodeURIComponent(id)}`);
}

export function createEmitter(id: string, source: string, rate: number): Promise<EmitterInfo> {
  const body = JSON.stringify(source === "guest" ? { source, rate } : { source });
  const headers = { "content-type": "application/json" };
  return request(id === "" ? "/log" : pathOf(id), { method: "PUT", body, headers });
}

export async function endEmitter(id: string): Promise<void> {
  await request(pathOf(id), { method: "DELETE" });
}

export interface HistoryPage {
  readonly lines: readonly Line[];
  readonly next: string | null;
  readonly prev: string | null;
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

export interface Turn {
  readonly after?: string;
  readonly before?: string;
}

export async function readHistory(id: string, turn: Turn, events = 100): Promise<HistoryPage> {
  const query = new URLSearchParams({ limit: String(events), ...turn });
  const page = await request<Page>(`${pathOf(id)}?${query}`);
  const lines = page.events.map(({ position, time, data }) => ({
    ...{ id: position, position, time, text: printJson(data), isCut: false },
    ...{ received: undefined, key: undefined, size: undefined },
  }));
  return { lines, next: page.next, prev: page.prev };
}

export function useEmitters(q: string, ended: boolean): PolledPages<EmitterInfo> {
  const read = useCallback(
    async (after?: string) => {
      const query = new URLSearchParams({ limit: String(limit), ended: String(ended) });
      if (q !== "") query.set("q", q);
      if (after !== undefined) query.set("after", after);
      const { emitters: items, next } = await request<EmitterList>(`/log?${query}`);
      return { items, next };
    },
    [q, ended],
  );
  return usePolledPages(read, listMs, idOf);
}

const idOf = ({ id }: EmitterInfo) => id;
