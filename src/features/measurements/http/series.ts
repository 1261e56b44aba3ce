/** Measurements out: samples as seed 002 has them, series at any width, exports, live. */
import type { Context, Hono } from "hono";
import { invalidField } from "../../../core/failure.ts";
import type { Series } from "../series.ts";
import { measurementsTopic } from "../measurement.ts";
import { jsonResponse } from "../../../http/answers.ts";
import { exportFormatNames, exportFormats } from "./export-formats.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { measurementSse } from "./sse.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import {
  parseChoice,
  parseRange,
  parseSeedQuery,
  parseSeriesQuery,
  parseTag,
  parseTagPart,
} from "./series-params.ts";
import { renderSeedAnswer, renderSeriesAnswer, renderSeriesList } from "./series-json.ts";
import { parseCount, parseStart } from "../../../http/start.ts";
import { sseResponse } from "../../../http/streaming.ts";

interface SeriesDeps extends Pick<HttpDeps, "hub" | "host" | "clock"> {
  readonly series: Series;
}

const seedSamples = 1000;
const listDefault = "100";
const listMax = 1000;

export function mountSeries(app: Hono, deps: SeriesDeps): void {
  const { clock, series } = deps;
  const path = "/v1/series/:tag" as const;

  app.get("/api", async (c) => {
    const query = { ...parseSeedQuery(searchOf(c), series.oldestNs), points: seedSamples };
    return jsonResponse(renderSeedAnswer(query, await series.samples(query)));
  });
  app.get("/v1/series", async (c) => {
    const found = await series.list({
      prefix: parseTagPart("prefix", c.req.query("prefix")),
      after: parseTagPart("after", c.req.query("after")),
      limit: parseCount("limit", c.req.query("limit") ?? listDefault, listMax, 1),
    });
    return jsonResponse(renderSeriesList(found));
  });
  app.get(path, async (c) => {
    const query = parseSeriesQuery(c.req.param("tag"), searchOf(c), clock.nowNs());
    return jsonResponse(renderSeriesAnswer(query, await series.query(query)));
  });
  app.get(`${path}/export`, (c) => exportResponse(c, parseTag(c.req.param("tag")), deps));
  app.get("/sse/series/:tag", (c) => liveResponse(c, parseTag(c.req.param("tag")), deps));
}

/** A file as a stream. What goes wrong before its first bytes is a problem; later it breaks off. */
async function exportResponse(
  c: Context,
  tag: string,
  { series, clock }: SeriesDeps,
): Promise<Response> {
  const span = parseRange(searchOf(c), clock.nowNs());
  const name = parseChoice("format", c.req.query("format") ?? "ndjson", exportFormatNames);
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
          // It is awaited in the next pull, or by nobody.
          next.catch(() => {});
        } catch (error) {
          over();
          // Cut off: whoever reads is not to take a part for the whole.
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

async function liveResponse(c: Context, tag: string, deps: SeriesDeps): Promise<Response> {
  const start = parseStart(c.req.header("last-event-id"), searchOf(c));
  if (typeof start === "object" && "tail" in start) {
    throw invalidField(
      "tail",
      "Cannot start with the newest: read them at /v1/series/{tag}, expected after",
    );
  }
  return await sseResponse(
    deps,
    measurementsTopic,
    tag,
    start,
    (subscriber) => new FilteredSubscriber(subscriber, measurementSse, deps.clock),
  );
}

function searchOf(c: Context): URLSearchParams {
  return new URL(c.req.url).searchParams;
}
