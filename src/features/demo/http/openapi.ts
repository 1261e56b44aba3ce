/** Server-sent events: of an emitter, of a topic, and the two tickers. */
import type { Operation, Paths } from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { eventStream, problems, sseContent } from "../../../http/openapi/responses.ts";

const tags = ["Streams"];

const start = [parameter("startAfter"), parameter("tail"), parameter("lastEventId")];

function watchEmitter(operationId: string, description: string): Operation {
  return {
    operationId,
    tags,
    summary: "Watch an emitter",
    description,
    parameters: start,
    responses: { "200": eventStream, ...problems(400, 404, 410, 503) },
    "x-endless": true,
  };
}

function watchTopic(operationId: string, description: string): Operation {
  return {
    operationId,
    tags,
    summary: "Watch a topic",
    description,
    parameters: [parameter("key"), ...start, parameter("decode")],
    responses: { "200": eventStream, ...problems(400, 404, 503) },
    "x-endless": true,
  };
}

export const streamPaths: Paths = {
  "/sse/log/{id}": {
    parameters: [parameter("emitterId")],
    get: watchEmitter(
      "watchEmitter",
      "Starts live, unless told where. `curl -N` shows it as it comes.",
    ),
  },
  "/log/sse/{id}": {
    parameters: [parameter("emitterId")],
    get: watchEmitter("watchEmitterToo", "The same as `/sse/log/{id}`."),
  },
  "/v1/topics/{topic}/sse": {
    parameters: [parameter("topic")],
    get: watchTopic("watchTopic", "Starts live, unless told where."),
  },
  "/sse/topics/{topic}": {
    parameters: [parameter("topic")],
    get: watchTopic("watchTopicToo", "The same as `/v1/topics/{topic}/sse`."),
  },
  "/magic": {
    get: {
      operationId: "watchMagic",
      tags,
      summary: "Watch magic numbers",
      description: "Four random 64-bit integers a second. They have no positions: nothing is kept.",
      responses: {
        "200": {
          description: "Events as they come; the answer does not end by itself.",
          content: sseContent(
            'data:{"magic":-2762725995429886737,"timestamp":"2026-11-21T10:12:07Z"}\n\n',
          ),
        },
        ...problems(),
      },
      "x-endless": true,
    },
  },
  "/time": {
    get: {
      operationId: "watchTime",
      tags,
      summary: "Watch the clock",
      description: "The time, four times a second. It has no positions: nothing is kept.",
      responses: {
        "200": {
          description: "Events as they come; the answer does not end by itself.",
          content: sseContent('data:{"timestamp":"2026-11-21T10:12:07Z"}\n\n'),
        },
        ...problems(),
      },
      "x-endless": true,
    },
  },
};
