/** Measurements out: samples, series at any width, exports, live. */

import type { Hono } from "hono";
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

interface SeriesDeps extends Pick<HttpDeps, "hub" | "host" | "clock"> {
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
  serve(app, endpoints.listSeries, async ({ query: { prefix = "", after = "", limit } }) =>
    jsonResponse(renderSeriesList(await series.list({ prefix, after, limit }))),
  );
  serve(app, endpoints.querySeries, async ({ params, query: given }) => {
    const query = seriesQueryFrom(params.tag, given, clock.nowNs());
    return jsonResponse(renderSeriesAnswer(query, await series.query(query)));
  });
  serve(app, endpoints.exportSeries, ({ params, query }) =>
    exportResponse(series, params.tag, rangeFrom(query, clock.nowNs()), query.format),
  );
  serve(app, endpoints.watchSeries, async ({ params, query, headers }) => {
    const start = headers["Last-Event-ID"] ?? query.lastEventId ?? query.after;
    return await sseResponse(
      deps,
      measurementsTopic,
      params.tag,
      start ?? "live",
      (subscriber) => new FilteredSubscriber(subscriber, measurementSse, clock),
    );
  });
}

/** A file as a stream. What goes wrong before its first bytes is a problem; later it breaks off. */
async function exportResponse(
  series: Series,
  tag: string,
  span: Span,
  name: ExportFormatName,
): Promise<Response> {
  const format = exportFormats[name];
  const found = await series.export(tag, span);
  try {
    const chunks = format.write(tag, found.pages)[Symbol.asyncIterator]();
    const first = await chunks.next();
    const headers = {
      "content-type": format.contentType,
      "content-disposition": `attachment; filename="${fileName(tag)}.${format.extension}"`,
    };
    return new Response(
      streamOf(first, chunks, () => found.close()),
      { headers },
    );
  } catch (error) {
    found.close();
    throw error;
  }
}

/** Asks for a chunk only when there is room for it. `over` is called once, at whatever end. */
function streamOf(
  first: IteratorResult<Uint8Array>,
  chunks: AsyncIterator<Uint8Array>,
  over: () => void,
): ReadableStream<Uint8Array> {
  let next: Promise<IteratorResult<Uint8Array>> = Promise.resolve(first);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await next;
          if (chunk.done === true) {
            over();
            return controller.close();
          }
          controller.enqueue(chunk.value);
          next = chunks.next();
          // It is awaited in the next pull, if there is one.
          next.catch(() => {});
        } catch (error) {
          over();
          // Cut off: the reader must not take a part for the whole.
          controller.error(error);
        }
      },
      async cancel() {
        over();
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function fileName(tag: string): string {
  return tag.replaceAll(/[^A-Za-z0-9._-]+/g, "_");
}
