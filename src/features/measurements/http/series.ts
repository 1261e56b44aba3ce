/** Measurements out: samples, series at any width, exports, live. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { fileResponse } from "../../../http/export/file.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { jsonResponse } from "../../../http/responses.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { readJson } from "../../../http/validate.ts";
import { measurementsTopic } from "../measurement.ts";
import type { Span } from "../series-port.ts";
import type { Series } from "../series.ts";
import { type ExportFormatName, exportFormats } from "./export-formats.ts";
import * as endpoints from "./series-endpoints.ts";
import {
  renderRecent,
  renderSamples,
  renderSeriesAnswer,
  renderSeriesList,
} from "./series-json.ts";
import {
  parsePlace,
  rangeFrom,
  sampledFrom,
  type SeriesParams,
  seriesQueryFrom,
} from "./series-params.ts";
import { measurementSse } from "./sse.ts";

interface SeriesDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "clock" | "answers" | "stallMs" | "bodies"
> {
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
  serve(app, endpoints.listSeries, async ({ query }, c) => {
    const { prefix = "", q: part = "", sort, after: place, limit } = query;
    const after = place === undefined ? undefined : parsePlace(place, sort);
    const by = callerOf(c.req.raw);
    const page = await series.list({ prefix, part, sort, after, limit, by });
    return jsonResponse(renderSeriesList(page, sort, clock.nowNs()));
  });
  serve(app, endpoints.recentSeries, async (_, c) => {
    const { tags } = await readJson(endpoints.recentBody, c.req.raw, deps.bodies);
    return jsonResponse(
      renderRecent(await series.recent(tags, callerOf(c.req.raw)), clock.nowNs()),
    );
  });
  const query = async (tag: string, given: SeriesParams) => {
    const checked = seriesQueryFrom(tag, given, clock.nowNs());
    return jsonResponse(renderSeriesAnswer(checked, await series.query(checked)));
  };
  serve(app, endpoints.querySeries, ({ params, query: given }) => query(params.tag, given));
  serve(app, endpoints.querySamples, ({ query: { tag, ...given } }) => query(tag, given));
  serve(app, endpoints.exportSeries, ({ params, query: { format, ...range } }, c) =>
    exportResponse(deps, params.tag, rangeFrom(range, clock.nowNs()), format, callerOf(c.req.raw)),
  );
  serve(app, endpoints.exportMeasurements, ({ query: { tag, format, ...range } }, c) =>
    exportResponse(deps, tag, rangeFrom(range, clock.nowNs()), format, callerOf(c.req.raw)),
  );
  serve(app, endpoints.watchSeries, async ({ params, query, headers }, c) => {
    const start = headers["Last-Event-ID"] ?? query.lastEventId ?? query.after;
    return await sseResponse(deps, measurementsTopic, params.tag, start ?? "live", {
      caller: callerOf(c.req.raw),
      through: (subscriber) => new FilteredSubscriber(subscriber, measurementSse, clock),
    });
  });
}

async function exportResponse(
  deps: SeriesDeps,
  tag: string,
  span: Span,
  name: ExportFormatName,
  by: Caller,
): Promise<Response> {
  const format = exportFormats[name];
  const found = await deps.series.export(tag, span);
  const file = {
    contentType: format.contentType,
    name: `${tag}.${format.extension}`,
    chunks: format.write(tag, found.pages),
  };
  return await fileResponse(deps, file, by, () => found.close());
}
