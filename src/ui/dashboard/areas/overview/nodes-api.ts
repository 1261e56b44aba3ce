/** Nodes, their last hour, and what is wrong now, as the overview asks for them. */

import { printJson } from "../../../exact-json.ts";
import { request } from "../../../http.ts";

export interface NodeInfo {
  readonly node: string;
  readonly place: string;
  readonly condition: "serving" | "silent" | "stopped";
  readonly version: string;
  readonly runtime: string;
  readonly log: string;
  readonly started_at: string;
  readonly seen_at: string;
  readonly memory_bytes: number;
  readonly guests: number;
  readonly subscribers: number;
  readonly owns: readonly string[];
  readonly projections: readonly {
    readonly name: string;
    readonly topic: string;
    readonly lag_s: number;
    readonly lag_before_s: number;
  }[];
}

export interface NodeList {
  readonly this: string;
  readonly nodes: readonly NodeInfo[];
  readonly missing: string | null;
}

export type Column = readonly (number | null)[];

export interface Points {
  readonly records_in: Column;
  readonly bytes_in: Column;
  readonly records_out: Column;
  readonly bytes_out: Column;
  readonly subscribers: Column;
  readonly lag_s: Column;
  readonly lag_entries: Column;
  readonly memory_bytes: Column;
  readonly loop_delay_ms: Column;
  readonly refused: Readonly<Record<string, Column>>;
}

export interface History {
  readonly every_s: number;
  readonly from: string;
  readonly spans: number;
  readonly nodes: readonly {
    readonly node: string;
    readonly place: string;
    readonly condition: NodeInfo["condition"];
    readonly points: Points;
  }[];
  readonly missing: string | null;
}

export interface ProblemFound {
  readonly kind: string;
  readonly about: {
    readonly kind: "topic" | "rule" | "node" | "projection";
    readonly name: string;
  };
  readonly message: string;
  readonly since: string;
}

export async function listNodes(): Promise<NodeList> {
  return plain(await request("/v1/nodes")) as NodeList;
}

/** Of one node, or of all. */
export async function readHistory(node?: string): Promise<History> {
  const query = node === undefined ? "" : `?node=${encodeURIComponent(node)}`;
  return plain(await request(`/v1/history${query}`)) as History;
}

export async function listProblems(): Promise<{
  readonly problems: readonly ProblemFound[];
  readonly missing: string | null;
}> {
  return await request("/v1/problems");
}

/** Numbers with fractions as numbers: nothing here is an integer of 64 bits. */
function plain(answer: unknown): unknown {
  return JSON.parse(printJson(answer));
}
