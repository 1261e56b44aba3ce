/** Pages of records that a filter lets through, in the form that was chosen. */

import type { Caller } from "../../core/access/caller.ts";
import type { RecordFilter } from "../../core/filter/record-filter.ts";
import type { PageQuery } from "../../core/page.ts";
import { renderPosition } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";
import { renderTime } from "../../core/time.ts";
import type { Pages } from "../../log/pages.ts";
import type { ScanPage } from "../../log/scan.ts";
import { eventsResponse, type PageAnswerDeps, positionToken } from "../answers/page.ts";
import type { RecordForm } from "./details.ts";
import { type RenderDeps, renderRecords } from "./renderer.ts";

export interface ScanDeps extends Omit<PageAnswerDeps, "pages">, RenderDeps {
  readonly pages: Pages;
}

export interface ScanRequest {
  readonly topic: string;
  readonly key: string | undefined;
  readonly query: PageQuery;
  readonly filter: RecordFilter | undefined;
  readonly form: RecordForm;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** Records that are rendered at once. */
const renderedAtOnce = 32;

/** Throws what the scan, the turn, the counter and the schemas throw. */
export async function answerScan(deps: ScanDeps, request: ScanRequest): Promise<Response> {
  const { topic, key, query, filter, form, caller, signal } = request;
  using counter = deps.answers.hold();
  const turn = deps.turns.open(signal);
  const render = async (records: readonly StoredRecord[]) => {
    const texts: string[] = [];
    for (let at = 0; at < records.length; at += renderedAtOnce) {
      if (turn.isOver) await turn.next();
      const some = records.slice(at, at + renderedAtOnce);
      texts.push(...(await renderRecords(deps, some, form, caller)));
    }
    return texts;
  };
  const page = await deps.pages.scan(topic, key, query, { filter, render }, { signal, counter });
  const bytes = page.events.reduce((sum, { length }) => sum + length, 0);
  return eventsResponse(deps, page.events, bytes, membersOf(page));
}

/** What follows the events, as members of JSON. */
function membersOf(page: ScanPage): string {
  const { next, prev, scanned, undecodable, failed, failure, first, last, bounds, kept } = page;
  const covers =
    first === undefined || last === undefined
      ? null
      : {
          first: renderPosition(first.position),
          last: renderPosition(last.position),
          oldest: renderTime(first.receivedNs),
          newest: renderTime(last.receivedNs),
        };
  const rest = JSON.stringify({
    ...{ scanned, undecodable, failed, failure, covers },
    start: renderPosition(bounds.start),
    end: renderPosition(bounds.end),
    kept,
  });
  return `"next":${positionToken(next)},"prev":${positionToken(prev)},${rest.slice(1, -1)}`;
}
