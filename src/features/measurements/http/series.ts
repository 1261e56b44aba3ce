/** Measurements out: samples, series at any width, exports, live. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { callerOf } from "../../../http/access.ts";
import { answerStream } from "../../../http/answers/stream.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { jsonResponse } from "../../../http/responses.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { measurementsTopic } from "../measurement.ts";
import type { Span } from "../series-port.ts";
import type { Series } from "../series.ts";
import { type ExportFormatName, exportFormats } from "./export-formats.ts";
import * as endpoints from "./series-endpoints.ts";
import { renderSamples, renderSeriesAnswer, renderSeriesList } from "./series-json.ts";
import { rangeFrom, sampledFrom, seriesQueryFrom } from "./series-params.ts";
import { measurementSse } from "./sse.ts";

interface SeriesDeps extends Pick<HttpDeps, "hub" | "host" | "clock" | "answers" | "stallMs"> {
  readonly series: Series;
}

export function mountSeries(app: Hono, deps: SeriesDeps): void {
  const { clock, series } = deps;

  serve(app, endpoints.sampleSeries, async ({ query: { tag, start, end } }) => {
    const { oldestNs } = series;
    const span = sampledFrom({ start, end }, { nowNs: clock.nowNs(), oldestNs });
    const points = endpoints.sampleCount;
    const query = { tag, startNs: span.fromNs, endNs: span.toNs, points };
    return jsonResponse(renderSamples(query, await series.samples(query)));
  });
  serve(app, endpoints.listSeries, async ({ query: { prefix = "", after = "", limit } }, c) => {
    const by = callerOf(c.req.raw);
    return jsonResponse(renderSeriesList(await series.list({ prefix, after, limit, by })));
  });
  serve(app, endpoints.querySeries, async ({ params, query: given }) => {
    const query = seriesQueryFrom(params.tag, given, clock.nowNs());
    return jsonResponse(renderSeriesAnswer(query, await series.query(query)));
  });
  serve(app, endpoints.exportSeries, ({ params, query }, c) => {
    const by = callerOf(c.req.raw);
    return exportResponse(deps, params.tag, rangeFrom(query, clock.nowNs()), query.format, by);
  });
  serve(app, endpoints.watchSeries, async ({ params, query, headers }, c) => {
    const start = headers["Last-Event-ID"] ?? query.lastEventId ?? query.after;
    return await sseResponse(deps, measurementsTopic, params.tag, start ?? "live", {
      caller: callerOf(c.req.raw),
      through: (subscriber) => new FilteredSubscriber(subscriber, measurementSse, clock),
    });
  });
}

/**
 * A file as a stream. What goes wrong before its first bytes is a problem; later it breaks off, also when
 * its caller's credential ends.
 */
async function exportResponse(
  deps: SeriesDeps,
  tag: string,
  span: Span,
  name: ExportFormatName,
  by: Caller,
): Promise<Response> {
  const format = exportFormats[name];
  const found = await deps.series.export(tag, span);
  try {
    const chunks = format.write(tag, found.pages)[Symbol.asyncIterator]();
    const first = await chunks.next();
    const headers = {
      "content-type": format.contentType,
      "content-disposition": `attachment; filename="${fileName(tag)}.${format.extension}"`,
    };
    const body = answerStream(deps, withFirst(first, chunks, by), () => found.close());
    return new Response(body, { headers });
  } catch (error) {
    found.close();
    throw error;
  }
}

async function* withFirst(
  first: IteratorResult<Uint8Array>,
  others: AsyncIterator<Uint8Array>,
  by: Caller,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await others.next()) {
      if (by.ended !== undefined) throw by.ended;
      yield next.value;
    }
  } finally {
    await others.return?.();
  }
}

function fileName(tag: string): string {
  return tag.replaceAll(/[^A-Za-z0-9._-]+/g, "_");
}
