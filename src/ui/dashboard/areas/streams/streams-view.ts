/**
 * The streams of the page, as its address has them: `s` for each, and if any is filtered, as many `where`
 * and `text` in the same order, empty for those without.
 */

import type { Query } from "../../shell/place.ts";
import { parsePlaced, type Placed, printPlaced, type StreamFilter } from "./source.ts";

export interface ShownStream extends Placed {
  readonly filter: StreamFilter;
}

export interface StreamsView {
  readonly shown: readonly ShownStream[];
  /** What names nothing. */
  readonly wrong: readonly string[];
}

/** So many fit a screen. */
export const streamsMax = 12;

export function streamsFromQuery(query: URLSearchParams): StreamsView {
  const wheres = query.getAll("where");
  const texts = query.getAll("text");
  const shown: ShownStream[] = [];
  const wrong: string[] = [];
  for (const [at, text] of query.getAll("s").entries()) {
    const placed = parsePlaced(text);
    const filter = { where: wheres[at] || undefined, text: texts[at] || undefined };
    if (placed === undefined) wrong.push(text);
    else shown.push({ ...placed, filter });
  }
  return { shown: uniqueByName(shown), wrong };
}

export function queryFromStreams(shown: readonly ShownStream[]): Query {
  const listed = (of: (filter: StreamFilter) => string | undefined) => {
    const values = shown.map(({ filter }) => of(filter) ?? "");
    return values.every((value) => value === "") ? undefined : values;
  };
  return {
    s: shown.map(({ source, after }) => printPlaced(source, after)),
    where: listed(({ where }) => where),
    text: listed(({ text }) => text),
  };
}

/** Of two with one name, the later one in the place of the first. */
export function uniqueByName(all: readonly ShownStream[]): readonly ShownStream[] {
  const byName = new Map(all.map((one) => [printPlaced(one.source), one]));
  return [...byName.values()].slice(0, streamsMax);
}
