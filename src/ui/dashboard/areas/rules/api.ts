/** What the pages of ack rules ask the gateway, and what it answers. */

import { printJson } from "../../../exact-json.ts";
import { request } from "../../../http.ts";

export type IdAt =
  { readonly key: true } | { readonly pointer: string } | { readonly field: string };

export interface RuleConfig {
  readonly topics?: readonly string[];
  readonly id?: IdAt;
  readonly events?: readonly string[];
  readonly app_id?: string;
  readonly output: string;
  readonly deadline_ms?: number;
  readonly keep_ms?: number;
  readonly from?: "now" | "earliest";
}

export interface Counts {
  readonly complete: number;
  readonly late: number;
  readonly open: number;
  readonly overdue: number;
  readonly forgotten: number;
}

/** Of the topic that a rule is furthest behind. */
export interface RuleLag {
  readonly topic: string;
  readonly lag_s: number;
  readonly lag_before_s: number;
  readonly node: string;
}

export interface Rule extends RuleConfig {
  readonly name: string;
  readonly keep_ms: number;
  readonly from: "now" | "earliest";
  readonly created_at: string;
  readonly counts?: Counts;
  /** Null: no node has said yet how far it is behind. */
  readonly lag?: RuleLag | null;
  readonly changing?: true;
  readonly stopped?: string;
}

export interface Stats extends Counts {
  readonly duplicates: number;
  readonly without_id: number;
  readonly delay_ms: Readonly<Record<"p50" | "p90" | "p99", number | null>>;
}

export interface IdState {
  readonly message_id: string;
  readonly state: "unseen" | "open" | "overdue" | "complete";
  readonly missing: readonly string[];
  readonly seen: Readonly<Record<string, string>>;
  readonly overdue_since?: string;
  readonly due_at?: string;
}

export interface Preview {
  readonly changes: readonly string[];
  readonly counted: number;
  readonly more: boolean;
  readonly forgotten_sightings: Readonly<Record<string, number>>;
  readonly forgotten_ids: number;
  readonly completed_ids: number;
  readonly waiting_ids: number;
  readonly overdue_ids: number;
  readonly reopened_ids: number;
}

export interface Combination {
  readonly seen: readonly string[];
  readonly missing: readonly string[];
  readonly open: number;
  readonly overdue: number;
  readonly oldest: { readonly message_id: string; readonly first_seen: string };
  readonly time_left?: readonly number[];
}

export interface Combinations {
  readonly counted: number;
  readonly more: boolean;
  readonly others: number;
  readonly time_left?: {
    readonly from_ms: number;
    readonly cell_ms: number;
    readonly cells: number;
  };
  readonly combinations: readonly Combination[];
}

export interface Figures {
  readonly since: string;
  readonly until: string;
  readonly cell_ms: number;
  readonly acks: readonly number[];
  readonly seen: Readonly<Record<string, readonly number[]>>;
  readonly delay_ms: Readonly<Record<"p50" | "p90" | "p99" | "max", number>> | null;
  readonly delays: readonly {
    readonly from_ms: number;
    readonly to_ms: number;
    readonly count: number;
  }[];
  readonly read_until?: string;
}

export interface OverdueItem {
  readonly rule?: string;
  readonly app_id?: string;
  readonly message_id: string;
  readonly missing: readonly string[];
  readonly first_seen: string;
  readonly overdue_since: string;
}

export interface OverdueGroup {
  readonly missing?: readonly string[];
  readonly rule?: string;
  readonly app_id?: string;
  readonly count: number;
  readonly oldest: OverdueItem;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export type Query = Readonly<Record<string, string | undefined>>;

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, value);
  }
  return search.size === 0 ? path : `${path}?${search}`;
}

/** Below the address of one rule. */
function of(name: string, path = "", query: Query = {}): string {
  return withQuery(`/v1/ack-rules/${encodeURIComponent(name)}${path}`, query);
}

export async function listRules(after?: string): Promise<Page<Rule>> {
  const { ack_rules: items, next } = await requestNumbers<{
    readonly ack_rules: readonly Rule[];
    readonly next: string | null;
  }>(withQuery("/v1/ack-rules", { after, limit: "200" }));
  return { items, next: next ?? undefined };
}

export function readRule(name: string): Promise<Rule> {
  return requestNumbers(of(name));
}

export function putRule(name: string, config: RuleConfig): Promise<Rule> {
  return request(of(name), sending("PUT", config));
}

export function previewRule(name: string, config: RuleConfig): Promise<Preview> {
  return request(of(name, "/preview"), sending("POST", config));
}

export async function removeRule(name: string): Promise<void> {
  await request(of(name), { method: "DELETE" });
}

export function readStats(name: string): Promise<Stats> {
  return requestNumbers(of(name, "/stats"));
}

export function readCombinations(name: string): Promise<Combinations> {
  return requestNumbers(of(name, "/combinations"));
}

export function readFigures(name: string, query: Query): Promise<Figures> {
  return requestNumbers(of(name, "/figures", query));
}

/** The page computes with milliseconds that have a fraction, and needs no last digit of them. */
async function requestNumbers<Answer>(path: string): Promise<Answer> {
  return JSON.parse(printJson(await request(path))) as Answer;
}

export async function listIds(name: string, query: Query): Promise<Page<IdState>> {
  const { messages: items, next } = await request<{
    readonly messages: readonly IdState[];
    readonly next: string | null;
  }>(of(name, "/messages", query));
  return { items, next: next ?? undefined };
}

export async function listOverdue(query: Query): Promise<Page<OverdueItem>> {
  const { overdue: items, next } = await request<{
    readonly overdue: readonly OverdueItem[];
    readonly next: string | null;
  }>(withQuery("/v1/overdue", query));
  return { items, next: next ?? undefined };
}

export function groupOverdue(query: Query): Promise<{
  readonly counted: number;
  readonly more: boolean;
  readonly groups: readonly OverdueGroup[];
}> {
  return request(withQuery("/v1/overdue/groups", query));
}

function sending(method: string, body: unknown): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

/** The names of a rule's places. */
export function placesOf({ topics, events }: RuleConfig): readonly string[] {
  return topics ?? events ?? [];
}
