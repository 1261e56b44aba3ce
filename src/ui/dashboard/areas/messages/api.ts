/** What the pages of messages and apps request of the gateway. */

import { printJson } from "../../../exact-json.ts";
import { request } from "../../../http.ts";

export interface SeenEvent {
  readonly event: string;
  /** RFC 3339, as the services sent them. */
  readonly first_at: string;
  readonly last_at: string;
  /** By the gateway's clock; null for events from before it was kept. */
  readonly received_first_at: string | null;
  readonly received_last_at: string | null;
  readonly count: number;
}

export const states = ["open", "overdue", "complete"] as const;
export type State = (typeof states)[number];

export interface Lifecycle {
  readonly app_id: string;
  readonly message_id: string;
  readonly external_id?: string;
  readonly state: State;
  /** By the time of their first occurrence. */
  readonly events: readonly SeenEvent[];
  readonly missing: readonly string[];
  readonly events_not_shown?: number;
}

export interface LifecyclePage {
  readonly lifecycles: readonly Lifecycle[];
  readonly next: string | null;
}

export interface AppSettings {
  readonly app_id: string;
  readonly expected: readonly string[];
  readonly deadline_ms: number | null;
  readonly retention_ms: number | null;
  /** How long a lifecycle is kept after its last event; 0: for ever. */
  readonly kept_ms: number;
}

export interface Delays {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface FunnelStage {
  readonly event: string;
  readonly reached: number;
  readonly repeats: number;
  /** From the stage before, in milliseconds. */
  readonly delay_ms: Delays | null;
}

export interface Funnel {
  readonly lifecycles: number;
  /** There are older ones in the span, which were not looked at. */
  readonly more: boolean;
  readonly stages: readonly FunnelStage[];
}

export interface Minute {
  readonly at: string;
  readonly messages: number;
  readonly missing: readonly number[];
}

export interface MissingByMinute {
  readonly stages: readonly string[];
  readonly since: string;
  readonly until: string;
  readonly minutes: readonly Minute[];
}

export interface StateCounts {
  readonly complete: number;
  readonly open: number;
  readonly overdue: number;
  readonly counted_to: number;
}

export type Parameters = Readonly<Record<string, string | number | undefined>>;

/** Members that are undefined or empty are left out. */
function query(parameters: Parameters): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

/** One for each app that knows the message and that the caller may read. */
export async function readMessage(messageId: string): Promise<readonly Lifecycle[]> {
  // Not `/v1/messages/{message_id}`: proxies change a slash in a path.
  const path = `/search/event/${query({ message_id: messageId })}`;
  return (await request<{ readonly lifecycles: readonly Lifecycle[] }>(path)).lifecycles;
}

export function searchMessages(parameters: Parameters): Promise<LifecyclePage> {
  return request(`/v1/messages${query(parameters)}`);
}

export function listApps(
  parameters: Parameters,
): Promise<{ readonly apps: readonly AppSettings[]; readonly next: string | null }> {
  return request(`/v1/apps${query(parameters)}`);
}

function pathOf(appId: string): string {
  return `/v1/apps/${encodeURIComponent(appId)}`;
}

export function readApp(appId: string): Promise<AppSettings> {
  return request(pathOf(appId));
}

export function putApp(
  appId: string,
  settings: Omit<AppSettings, "app_id" | "kept_ms">,
): Promise<AppSettings> {
  return request(pathOf(appId), { method: "PUT", body: JSON.stringify(settings) });
}

export function readStates(appId: string): Promise<StateCounts> {
  return request(`${pathOf(appId)}/states`);
}

export async function readFunnel(parameters: Parameters): Promise<Funnel> {
  const { stages, ...whole } = await request<Funnel>(`/v1/funnel${query(parameters)}`);
  return {
    ...whole,
    stages: stages.map((one) => ({ ...one, delay_ms: numbersOf(one.delay_ms) })),
  };
}

/** Fractions come as they were written: `parseJson` keeps the digits of all but safe integers. */
function numbersOf(delays: Delays | null): Delays | null {
  if (delays === null) return null;
  const [p50, p90, p99] = [delays.p50, delays.p90, delays.p99].map((ms) => Number(printJson(ms)));
  return { p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0 };
}

export function readMissing(appId: string, parameters: Parameters): Promise<MissingByMinute> {
  return request(`${pathOf(appId)}/missing${query(parameters)}`);
}
