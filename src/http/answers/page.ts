/** Pages as answers: rendered in turns, counted while they are made. */

import type { Share } from "../../core/budget/memory.ts";
import type { Turn, Turns } from "../../core/budget/turn.ts";
import type { EventCounter, Page, PageQuery } from "../../core/page.ts";
import type { Position } from "../../core/position.ts";
import { renderPosition } from "../../core/position.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { PageCaller, Pages } from "../../log/pages.ts";
import { renderEvent } from "../events.ts";
import { jsonResponse } from "../responses.ts";
import { countedBytesMin, type LargeAnswersDeps, pieceBytes, uncountedStream } from "./large.ts";
import { answerStream } from "./stream.ts";

/** What answering with a page needs. */
export interface PageAnswerDeps extends LargeAnswersDeps {
  readonly answers: Share;
  readonly turns: Turns;
  readonly pages: Pick<Pages, "bytesMax">;
}

interface PageRendering extends LargeAnswersDeps {
  readonly query: PageQuery;
  readonly turn: Turn;
  readonly counter: EventCounter;
  /** Bytes of a page's records. */
  readonly bytesMax: number;
  /** Decodes the records that name a schema; undefined: they are given as they are. */
  readonly decoder?: RecordDecoder | undefined;
}

/** Records that are decoded at once. */
const decodedAtOnce = 32;

/** Times the bytes of its records that a page may take as text: decoded records may be far larger. */
const growthMax = 4;

/** Reads a page and answers with it; `signal` aborts when the client leaves. Throws what both throw. */
export async function answerPage(
  deps: PageAnswerDeps,
  query: PageQuery,
  signal: AbortSignal,
  read: (caller: PageCaller) => Promise<Page>,
  decoder?: RecordDecoder,
): Promise<Response> {
  using counter = deps.answers.hold();
  const page = await read({ signal, counter });
  const turn = deps.turns.open(signal);
  const { bytesMax } = deps.pages;
  return await pageResponse(page, { ...deps, query, turn, counter, bytesMax, decoder });
}

/**
 * `{"events":[…],"next","prev"}`. Throws what the turn, the counter and the decoder throw. A large page
 * is sent in pieces, and counted until it is read.
 */
async function pageResponse(page: Page, rendering: PageRendering): Promise<Response> {
  const { events, bytes, next, prev } = await renderEvents(page, rendering);
  const members = `"next":${positionToken(next)},"prev":${positionToken(prev)}`;
  return eventsResponse(rendering, events, bytes, members);
}

/** `{"events":[…],` and members that follow; `bytes` is the length of the events. Throws `overloaded`. */
export function eventsResponse(
  deps: LargeAnswersDeps,
  events: readonly string[],
  bytes: number,
  members: string,
): Response {
  const end = `],${members}}`;
  if (bytes < countedBytesMin) return jsonResponse(`{"events":[${events.join(",")}${end}`);
  const { answers } = deps;
  answers.take(bytes);
  const body = answerStream(uncountedStream(deps), piecesOf(events, `${end}\n`), () =>
    answers.release(bytes),
  );
  return new Response(body, { headers: { "content-type": "application/json" } });
}

/** Encoded when the client takes them: a whole page at once would keep others waiting. */
async function* piecesOf(events: readonly string[], end: string): AsyncGenerator<Uint8Array> {
  let piece = '{"events":[';
  for (const [i, event] of events.entries()) {
    piece += i === 0 ? event : `,${event}`;
    if (piece.length < pieceBytes) continue;
    yield utf8.encode(piece);
    piece = "";
  }
  yield utf8.encode(`${piece}${end}`);
}

const utf8 = new TextEncoder();

interface Rendered {
  readonly events: readonly string[];
  readonly bytes: number;
  readonly next: Position | null;
  readonly prev: Position | null;
}

/** From the side on which the page begins, so that a page that grows too large ends at the other one. */
async function renderEvents(page: Page, rendering: PageRendering): Promise<Rendered> {
  const { query, turn, counter, bytesMax, decoder } = rendering;
  const isForward = query.after !== undefined;
  const stored = isForward ? page.events : page.events.toReversed();
  const texts: string[] = [];
  let bytes = 0;
  for (let from = 0; from < stored.length; from += decodedAtOnce) {
    const some = stored.slice(from, from + decodedAtOnce);
    const decoded = await decoder?.decode(some.map(({ record }) => record));
    for (const [i, event] of some.entries()) {
      if (turn.isOver) await turn.next();
      const text = renderEvent(event, decoded?.[i]);
      counter.take(text.length);
      bytes += text.length;
      texts.push(text);
      if (bytes <= growthMax * bytesMax || texts.length === stored.length) continue;
      const cut = { ...page, [isForward ? "next" : "prev"]: event.position };
      return { ...cut, bytes, events: isForward ? texts : texts.toReversed() };
    }
  }
  return { ...page, bytes, events: isForward ? texts : texts.toReversed() };
}

export function positionToken(position: Position | null): string {
  return position === null ? "null" : `"${renderPosition(position)}"`;
}
