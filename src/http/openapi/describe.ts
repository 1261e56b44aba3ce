/** Endpoints as the paths of the document. */
import type { Answer, AnswerHeader, Content as DeclaredContent } from "../endpoint/answer.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import type { Parameters } from "../endpoint/parameter.ts";
import { jsonSchemaOf, type Components } from "./json-schema.ts";
import type {
  Content,
  Header,
  Method,
  Operation,
  Parameter,
  PathItem,
  Paths,
  ResponseObject,
} from "./model.ts";
import { problems } from "./responses.ts";

/** Adds the schemas that have an id to `components`. */
export function pathsOf(endpoints: readonly Endpoint[], components: Components): Paths {
  const paths: Record<string, PathItem> = {};
  for (const endpoint of endpoints) {
    const method = endpoint.method.toLowerCase() as Method;
    paths[endpoint.path] = { ...paths[endpoint.path], [method]: operation(endpoint, components) };
  }
  return paths;
}

function operation(endpoint: Endpoint, components: Components): Operation {
  const { body, description, params, query, headers } = endpoint;
  const parameters = [
    ...described("path", params, components),
    ...described("query", query, components),
    ...described("header", headers, components),
  ];
  return {
    operationId: endpoint.id,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            ...(body.description === undefined ? {} : { description: body.description }),
            ...(body.isRequired ? { required: true } : {}),
            content: contentOf(body.content, components),
          },
        }),
    responses: {
      ...Object.fromEntries(
        Object.entries(endpoint.answers).map(([status, answer]) => [
          status,
          response(answer, components),
        ]),
      ),
      ...problems(...endpoint.problems),
    },
    ...(isEndless(endpoint) ? { "x-endless": true } : {}),
  };
}

/** In the operation itself: tools that load one operation alone do not follow shared parameters. */
function described(
  place: Parameter["in"],
  parameters: Parameters,
  components: Components,
): readonly Parameter[] {
  return Object.entries(parameters).map(([name, { description, schema, isRequired, example }]) => ({
    name,
    in: place,
    description,
    ...(isRequired ? { required: true } : {}),
    schema: jsonSchemaOf(schema, components),
    ...(example === undefined ? {} : { example }),
  }));
}

function response(answer: Answer, components: Components): ResponseObject {
  const { description, headers, content } = answer;
  return {
    description,
    ...(headers === undefined ? {} : { headers: mapped(headers, headerOf(components)) }),
    ...(content === undefined ? {} : { content: contentOf(content, components) }),
  };
}

function headerOf(components: Components) {
  return ({ description, schema }: AnswerHeader): Header => ({
    description,
    schema: jsonSchemaOf(schema, components),
  });
}

function contentOf(content: DeclaredContent, components: Components): Content {
  return mapped(content, ({ schema, ...examples }) => ({
    schema: jsonSchemaOf(schema, components),
    ...examples,
  }));
}

function mapped<From, To>(
  given: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(value)]));
}

/** An answer that does not end on its own. */
function isEndless({ answers }: Endpoint): boolean {
  return Object.entries(answers).some(
    ([status, { content }]) =>
      status === "101" || (content !== undefined && "text/event-stream" in content),
  );
}
