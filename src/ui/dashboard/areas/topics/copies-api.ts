/** Copies: jobs of the gateway that send records of one topic to another one. */

import { request } from "../../../http.ts";
import { segment } from "../../shell/place.ts";

export interface CopyFilter {
  readonly key?: string;
  readonly where?: string;
  readonly text?: string;
  readonly after?: string;
  readonly until?: string;
}

export interface CopyRequest extends CopyFilter {
  readonly copy?: string;
  readonly to: string;
  readonly rate: number;
}

export interface Copy extends CopyFilter {
  readonly copy: string;
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly state: "running" | "paused" | "cancelled" | "done" | "failed";
  readonly position: string;
  readonly read: number;
  readonly matched: number;
  readonly sent: number;
  readonly refused: number;
  readonly last_refusal: string | null;
  readonly failure: string | null;
  readonly created_at: string;
}

export interface CopyPreview {
  readonly read: number;
  readonly matched: number;
  readonly refused: number;
  readonly last_refusal: string | null;
  readonly position: string;
  readonly whole: boolean;
}

function send(method: "POST" | "PUT", path: string, body: object) {
  const headers = { "content-type": "application/json" };
  return request(path, { method, headers, body: JSON.stringify(body) });
}

export async function previewCopy(topic: string, asked: CopyRequest): Promise<CopyPreview> {
  const path = `/v1/topics/${segment(topic)}/copies`;
  return (await send("POST", path, { ...asked, dry_run: true })) as CopyPreview;
}

export async function createCopy(topic: string, asked: CopyRequest): Promise<Copy> {
  return (await send("POST", `/v1/topics/${segment(topic)}/copies`, asked)) as Copy;
}

export async function listCopies(topic: string): Promise<readonly Copy[]> {
  const path = `/v1/copies?topic=${encodeURIComponent(topic)}`;
  return (await request<{ readonly copies: readonly Copy[] }>(path)).copies;
}

export async function changeCopy(
  copy: string,
  state: "running" | "paused" | "cancelled",
): Promise<void> {
  await send("PUT", `/v1/copies/${segment(copy)}`, { state });
}
