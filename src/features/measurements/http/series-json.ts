/**
 * Series as JSON. Times are written as the integers they are, to the last digit. Values go through an
 * array and `JSON.stringify`: writing digits by hand is no faster, and 1000 samples of ten values
 * take less than a millisecond.
 */

import { type Measurement, valuesToNumbers } from "../measurement.ts";
import type { BandCell } from "../query/band.ts";
import type { SeriesPage } from "../query/list.ts";
import type { Samples, SeriesAnswer, SeriesQuery, SeriesSample } from "../query/query.ts";
import type { Recent } from "../query/recent.ts";
import { levelNs, type SeriesOrder, type SeriesPoint } from "../series-port.ts";
import type { Freshness } from "../series.ts";
import { renderPlace } from "./series-params.ts";

/** `{"time","tag","values"}`: what `POST /save` takes. */
export function renderMeasurement(tagJson: string, { timeNs, values }: SeriesPoint): string {
  return `{"time":${timeNs},"tag":${tagJson},"values":${renderValues({ values })}}`;
}

/** The answer of `GET /api`: `{"tagName","start","end","samples":[{"time","values"}]}`. */
export function renderSamples(
  { tag, startNs, endNs }: Pick<SeriesQuery, "tag" | "startNs" | "endNs">,
  { instants, points }: Samples,
): string {
  let rendered = "null";
  let before: SeriesPoint | undefined;
  const samples = instants.map((timeNs, i) => {
    const point = points[i];
    // Instants without a newer point repeat the one before.
    if (point !== undefined && point !== before) rendered = renderValues(point);
    before = point;
    return `{"time":${timeNs},"values":${rendered}}`;
  });
  const tagName = JSON.stringify(tag);
  return `{"tagName":${tagName},"start":${startNs},"end":${endNs},"samples":[${samples.join(",")}]}`;
}

/** `{"tag","start","end","now","queryable_until","agg","fill","points":[…],"band":[…]}`. */
export function renderSeriesAnswer(query: SeriesQuery, answer: SeriesAnswer & Freshness): string {
  const { tag, startNs, endNs, agg, fill } = query;
  const { samples, band, nowNs, untilNs } = answer;
  const head = `"tag":${JSON.stringify(tag)},"start":${startNs},"end":${endNs}`;
  const fresh = `"now":${nowNs},"queryable_until":${untilNs}`;
  const points = samples.map(renderSample).join(",");
  const cells = band === undefined ? "" : `,"band":[${band.map(renderCell).join(",")}]`;
  return `{${head},${fresh},"agg":"${agg}","fill":"${fill}","points":[${points}]${cells}}`;
}

/** `{"now","series":[{"tag","rate","last"}],"next"}`. */
export function renderSeriesList(
  { series, next }: SeriesPage,
  sort: SeriesOrder,
  nowNs: bigint,
): string {
  const listed = series.map(
    ({ tag, rate, last }) =>
      `{"tag":${JSON.stringify(tag)},"rate":${rate},"last":${renderLast(last)}}`,
  );
  const after = next === undefined ? null : renderPlace(next, sort);
  return `{"now":${nowNs},"series":[${listed.join(",")}],"next":${JSON.stringify(after)}}`;
}

/** `{"now","start","end","width","series":[{"tag","rate","last","counts","pauses"}]}`. */
export function renderRecent({ span, series }: Recent, nowNs: bigint): string {
  const rows = series.map(({ tag, rate, last, counts, pauses }) => {
    const head = `"tag":${JSON.stringify(tag)},"rate":${rate},"last":${renderLast(last)}`;
    const usual = pauses === undefined ? "null" : `{"p50":${pauses.p50Ns},"p99":${pauses.p99Ns}}`;
    return `{${head},"counts":[${counts.join(",")}],"pauses":${usual}}`;
  });
  const of = `"now":${nowNs},"start":${span.fromNs},"end":${span.toNs},"width":${levelNs(1)}`;
  return `{${of},"series":[${rows.join(",")}]}`;
}

function renderSample({ timeNs, atNs, span, count, values }: SeriesSample): string {
  const at = atNs === undefined ? "" : `"at":${atNs},`;
  const of =
    span === undefined ? "" : `"from":${span.fromNs},"to":${span.toNs},"count":${count ?? 0},`;
  return `{"time":${timeNs},${at}${of}"values":${JSON.stringify(values)}}`;
}

function renderCell({ span, count, min, max }: BandCell): string {
  const ends = `"from":${span.fromNs},"to":${span.toNs},"count":${count}`;
  return `{${ends},"min":${JSON.stringify(min)},"max":${JSON.stringify(max)}}`;
}

function renderLast(last: SeriesPoint | undefined): string {
  return last === undefined ? "null" : `{"time":${last.timeNs},"values":${renderValues(last)}}`;
}

function renderValues(point: Pick<Measurement, "values">): string {
  return JSON.stringify(valuesToNumbers(point));
}
