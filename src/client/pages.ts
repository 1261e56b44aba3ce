/** Pages of the records kept. */

import { arrayElements, jsonMembers } from "../core/json/json.ts";
import { textFromUtf8 } from "../core/utf8.ts";
import { eventFromJson, type SluiceEvent } from "./event.ts";
import { ask } from "./http.ts";
import type { Settings } from "./options.ts";
import { checkTarget, recordsPath, type Target } from "./target.ts";

export interface Page<Data = unknown> {
  /** Oldest first. */
  readonly events: readonly SluiceEvent<Data>[];
  /** As `after`, returns the later page; null at the newest record. */
  readonly next: string | null;
  /** As `before`, returns the earlier page; null at the oldest record. */
  readonly prev: string | null;
}

/** At most one of `after` and `before`; without either, the newest page. */
export interface PageOptions {
  /** A position, or `earliest`. */
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  /** 100 by default, at most 1,000. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function readPage<Data>(
  settings: Settings,
  target: Target,
  options: PageOptions = {},
): Promise<Page<Data>> {
  checkTarget(target);
  const { after, before, limit, signal } = options;
  const path = recordsPath(target, { after, before, limit });
  return pageFromText(await ask(settings, { method: "GET", path, repeatable: true, signal }));
}

/** One page after another, from `after` (the oldest kept by default) to the newest event. */
export async function* readPages<Data>(
  settings: Settings,
  target: Target,
  options: Omit<PageOptions, "before"> = {},
): AsyncGenerator<Page<Data>, void, undefined> {
  let after: string | null = options.after ?? "earliest";
  while (after !== null) {
    const page: Page<Data> = await readPage(settings, target, { ...options, after });
    yield page;
    after = page.next;
  }
}

function pageFromText<Data>(text: string): Page<Data> {
  const { events, next, prev } = JSON.parse(text) as {
    readonly events: readonly unknown[];
    readonly next: string | null;
    readonly prev: string | null;
  };
  return { events: eventsFromJson(events, text), next, prev };
}

/** The parsed events of `{"events":[…]}`; their exact texts are cut out when one is first read. */
export function eventsFromJson<Data>(
  parsed: readonly unknown[],
  text: string,
): SluiceEvent<Data>[] {
  let texts: readonly Uint8Array[] | undefined;
  const textOf = (index: number) => {
    texts ??= arrayElements(new TextEncoder().encode(jsonMembers(text)?.get("events") ?? "[]"));
    const one = texts[index];
    return one === undefined ? "" : textFromUtf8(one);
  };
  return parsed.map((event, index) => eventFromJson<Data>(event, () => textOf(index)));
}
