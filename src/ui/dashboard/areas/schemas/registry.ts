/** The registry as its pages ask for it. */

import { Refused, request } from "../../../http.ts";

export const compatibilities = [
  "NONE",
  "BACKWARD",
  "BACKWARD_TRANSITIVE",
  "FORWARD",
  "FORWARD_TRANSITIVE",
  "FULL",
  "FULL_TRANSITIVE",
] as const;
export type Compatibility = (typeof compatibilities)[number];

export interface Version {
  readonly version: number;
  readonly id: number;
  readonly file: string;
  readonly messages: readonly string[];
  readonly registered_at: string;
  readonly deleted: boolean;
}

export interface Subject {
  readonly subject: string;
  readonly versions: number;
  readonly latest: Version;
  readonly compatibility: Compatibility | null;
  readonly mode: string | null;
}

export interface Reference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

export interface VersionText {
  readonly version: number;
  readonly id: number;
  readonly guid: string;
  readonly file: string;
  readonly messages: readonly string[];
  readonly deleted: boolean;
  readonly references: readonly Reference[];
  readonly text: string;
  readonly is_rendered: boolean;
}

interface Difference {
  readonly type: string;
  readonly path: string;
  readonly message: string;
  readonly direction: "BACKWARD" | "FORWARD";
}

export interface Change extends Difference {
  readonly breaks: boolean;
  readonly forbidden: boolean;
}

export interface Changes {
  readonly from: number;
  readonly to: number;
  readonly compatibility: Compatibility;
  readonly changes: readonly Change[];
  readonly more: boolean;
}

export interface GraphVersion {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly deleted: boolean;
  readonly level: number;
}

type Name = Pick<GraphVersion, "subject" | "version">;

export interface Graph {
  readonly versions: readonly GraphVersion[];
  readonly imports: readonly { readonly name: string; readonly from: Name; readonly to: Name }[];
  readonly more: boolean;
}

export interface TopicUse {
  readonly topic: string;
  readonly id: number;
  readonly schemas: number;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
}

export interface Verdict {
  readonly compatible: boolean;
  readonly compatibility: Compatibility;
  readonly existing: { readonly version: number; readonly id: number } | null;
  readonly messages: readonly string[];
  readonly reasons: readonly (Difference & { readonly version: number })[];
  readonly more: boolean;
}

export interface Settings {
  readonly compatibility: Compatibility;
  readonly mode: string;
  readonly own_compatibility: Compatibility | null;
  readonly own_mode: string | null;
}

export interface Submission {
  readonly text: string;
  readonly references: readonly Reference[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

function address(path: string, parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  return `/v1/registry/${path}?${query}`;
}

export async function listSubjects(
  q: string,
  deleted: boolean,
  after?: string,
): Promise<Page<Subject>> {
  const { subjects, next } = await request<{
    subjects: readonly Subject[];
    next: string | null;
  }>(address("subjects", { q, deleted, after, limit: 200 }));
  return { items: subjects, next: next ?? undefined };
}

export async function listVersions(subject: string, deleted: boolean): Promise<readonly Version[]> {
  const { versions } = await request<{ versions: readonly Version[] }>(
    address("versions", { subject, deleted, limit: 1000 }),
  );
  return versions;
}

export function readVersion(subject: string, version: number): Promise<VersionText> {
  return request(address("version", { subject, version, deleted: true }));
}

export function readChanges(subject: string, from: number, to: number): Promise<Changes> {
  return request(address("changes", { subject, from, to }));
}

export function readGraph(subject: string, version: number): Promise<Graph> {
  return request(address("references", { subject, version }));
}

export async function topicsOf(
  of: { readonly subject: string } | { readonly id: number },
  after?: string,
): Promise<Page<TopicUse>> {
  const path = "id" in of ? `schemas/${of.id}/topics` : "topics";
  const subject = "subject" in of ? of.subject : undefined;
  const { topics, next } = await request<{ topics: readonly TopicUse[]; next: string | null }>(
    address(path, { subject, after }),
  );
  return { items: topics, next: next ?? undefined };
}

export interface SchemaOfId {
  readonly id: number;
  readonly guid: string;
  readonly file: string;
  readonly messages: readonly string[];
  readonly versions: readonly {
    readonly subject: string;
    readonly version: number;
    readonly deleted: boolean;
  }[];
  readonly next: number | null;
}

export function readSchema(id: number, offset = 0): Promise<SchemaOfId> {
  return request(address(`schemas/${id}`, { offset }));
}

export function readSettings(subject?: string): Promise<Settings> {
  return request(address("settings", { subject }));
}

export function setCompatibility(
  subject: string | undefined,
  compatibility: Compatibility | null,
): Promise<Settings> {
  return request(address("settings", { subject }), {
    method: "PUT",
    body: JSON.stringify({ compatibility }),
    headers: { "content-type": "application/json" },
  });
}

export function checkText(
  subject: string,
  submission: Submission,
  signal: AbortSignal,
): Promise<Verdict> {
  return request(address("check", { subject }), { ...sent(submission), signal });
}

export function registerText(
  subject: string,
  submission: Submission,
): Promise<{ readonly version: number; readonly id: number; readonly existed: boolean }> {
  return request(address("versions", { subject }), sent(submission));
}

function sent(submission: Submission): RequestInit {
  const body = JSON.stringify(submission);
  return { method: "POST", body, headers: { "content-type": "application/json" } };
}

/** All versions where none is given. */
export async function deleteVersions(
  subject: string,
  version: number | undefined,
  permanent: boolean,
): Promise<void> {
  await request(address("versions", { subject, version, permanent }), { method: "DELETE" });
}

export function isMissing(error: unknown): boolean {
  return error instanceof Refused && error.status === 404;
}
