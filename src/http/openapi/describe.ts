/** Endpoints as they are in the OpenAPI document. */

import type { Access } from "../../core/access/need.ts";
import {
  type Answer,
  type AnswerHeader,
  type Content as DeclaredContent,
  isEndless,
} from "../endpoint/answer.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import type { Parameters } from "../endpoint/parameter.ts";
import type { SocketMessage, SocketMessages } from "../endpoint/socket.ts";
import { type Components, jsonSchemaOf } from "./json-schema.ts";
import type {
  Content,
  Header,
  Method,
  OpenApiDocument,
  Operation,
  Parameter,
  PathItem,
  Reference,
  ResponseObject,
  Responses,
  WebSocketDescription,
} from "./model.ts";
import { problemAnswers, problemContent, problems } from "./problems.ts";
import { grantNeeded, securityOf, securitySchemes } from "./security.ts";

/** The paths of the document, and what they refer to. */
export function describeEndpoints(
  endpoints: readonly Endpoint[],
): Pick<OpenApiDocument, "paths" | "components"> {
  const components: Components = new Map();
  const paths: Record<string, PathItem> = {};
  for (const endpoint of endpoints) {
    const method = endpoint.method.toLowerCase() as Method;
    paths[endpoint.path] = { ...paths[endpoint.path], [method]: operation(endpoint, components) };
  }
  const responses = mapped(problemAnswers, (answer) => response(answer, components));
  return {
    paths,
    components: { schemas: Object.fromEntries(components), responses, securitySchemes },
  };
}

function operation(endpoint: Endpoint, components: Components): Operation {
  const { body, description, params, query, headers, socket, access, answers } = endpoint;
  const endless = isEndless(answers);
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
    responses: responses(endpoint, components),
    security: securityOf(access, endless),
    ...grantMember(access),
    ...(endless ? { "x-endless": true } : {}),
    ...(socket === undefined ? {} : { "x-websocket": websocket(socket, components) }),
  };
}

function grantMember(access: Access): { readonly "x-sluice-grant"?: string } {
  const grant = grantNeeded(access);
  return grant === undefined ? {} : { "x-sluice-grant": grant };
}

/** A status that has both an answer of the endpoint and a problem has the content types of both. */
function responses(endpoint: Endpoint, components: Components): Responses {
  const all: Record<string, ResponseObject | Reference> = { ...problems(endpoint.problems) };
  for (const [status, answer] of Object.entries(endpoint.answers)) {
    const content = status in all ? { ...answer.content, ...problemContent } : answer.content;
    all[status] = response(
      { ...answer, ...(content === undefined ? {} : { content }) },
      components,
    );
  }
  return all;
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

function websocket(
  { toServer, toClient, closeCodes }: SocketMessages,
  components: Components,
): WebSocketDescription {
  const described = ({ description, shape, example }: SocketMessage) => ({
    description,
    schema: jsonSchemaOf(shape, components),
    example,
  });
  const requests = toServer.map((one) => ({ ...described(one), ...grantMember(one.access) }));
  return { toServer: requests, toClient: toClient.map(described), closeCodes };
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
