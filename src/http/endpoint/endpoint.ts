/**
 * One method of one address, declared once: its route, the parsers of its parameters, the types of
 * its handler and its entry in the OpenAPI document all follow from the declaration.
 */

import type { Context, Hono } from "hono";
import type { z } from "zod";
import { callerOf, type EndpointAccess, requireAccess } from "../access.ts";
import { ticketParameter } from "../credentials/url-credentials.ts";
import { setServedRoute } from "../observe/served-route.ts";
import { jsonResponse } from "../responses.ts";
import { type Answers, type Body, type Frozen, isEndless, type JsonAnswer } from "./answer.ts";
import type { Parameters, Values } from "./parameter.ts";
import { queryCheck } from "./query.ts";
import type { SocketMessages } from "./socket.ts";

export const methods = ["GET", "PUT", "POST", "DELETE"] as const;
export type Method = (typeof methods)[number];

/**
 * Answered as problem details. No endpoint names what may meet any request: 431, 400 for a `Host` or a
 * parameter that is not one, 401 for a wrong or missing credential, and 403 for one that is too narrow or a
 * host that is not the gateway's.
 */
export type ProblemStatus = 400 | 403 | 404 | 409 | 410 | 413 | 415 | 429 | 503;

interface Declaration<
  Path extends Parameters,
  Query extends Parameters,
  Headers extends Parameters,
  Given extends Answers,
  Request extends Body | undefined,
> {
  /** Names the operation in the document. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** One for each name in braces of the address. */
  readonly params?: Path;
  readonly query?: Query;
  /** Whether parameters that are not declared are ignored: by default they are refused. */
  readonly otherQuery?: "ignored" | "refused";
  /** By the names that the document shows. */
  readonly headers?: Headers;
  readonly body?: Request;
  readonly answers: Given;
  readonly problems?: readonly ProblemStatus[];
  /** What is said after the handshake, where the endpoint is a WebSocket. */
  readonly socket?: SocketMessages;
  /** What the caller needs; checked before the handler runs. */
  readonly access: EndpointAccess;
}

export interface Endpoint<
  Path extends Parameters = Parameters,
  Query extends Parameters = Parameters,
  Headers extends Parameters = Parameters,
  Given extends Answers = Answers,
  Request extends Body | undefined = Body | undefined,
> extends Required<
  Omit<Declaration<Path, Query, Headers, Given, Request>, "description" | "body" | "socket">
> {
  readonly method: Method;
  /** As OpenAPI spells it, with names in braces. */
  readonly path: string;
  readonly description: string | undefined;
  readonly body: Request;
  readonly socket: SocketMessages | undefined;
}

type None = Readonly<Record<string, never>>;

/** `address` is a method and a path as OpenAPI spells it: `GET /v1/topics/{topic}`. */
export function endpoint<
  Given extends Answers,
  Path extends Parameters = None,
  Query extends Parameters = None,
  Headers extends Parameters = None,
  Request extends Body | undefined = undefined,
>(
  address: `${Method} /${string}`,
  declared: Declaration<Path, Query, Headers, Given, Request>,
): Endpoint<Path, Query, Headers, Given, Request> {
  const space = address.indexOf(" ");
  return {
    method: address.slice(0, space) as Method,
    path: address.slice(space + 1),
    id: declared.id,
    tag: declared.tag,
    summary: declared.summary,
    description: declared.description,
    params: declared.params ?? ({} as Path),
    query: declared.query ?? ({} as Query),
    otherQuery: declared.otherQuery ?? "refused",
    headers: declared.headers ?? ({} as Headers),
    body: declared.body as Request,
    answers: declared.answers,
    problems: declared.problems ?? [],
    socket: declared.socket,
    access: declared.access,
  };
}

/** As it was declared. */
export function addressOf({ method, path }: Pick<Endpoint, "method" | "path">): string {
  return `${method} ${path}`;
}

/** What a request gave, parsed. */
export interface Given<
  Path extends Parameters,
  Query extends Parameters,
  Headers extends Parameters,
> {
  readonly params: Values<Path>;
  readonly query: Values<Query>;
  readonly headers: Values<Headers>;
}

/** What a request to this endpoint gives. */
export type GivenOf<Declared> =
  Declared extends Endpoint<infer Path, infer Query, infer Headers>
    ? Given<Path, Query, Headers>
    : never;

/** Where the texts of a request's parameters are. */
interface Texts {
  readonly param: TextOf;
  readonly query: TextOf;
  /** Names are in lower case. */
  readonly header: TextOf;
}

/** The parser of a request's parameters. It throws what their parsers throw. */
export function givenOf<
  Path extends Parameters,
  Query extends Parameters,
  Headers extends Parameters,
>({
  params,
  query,
  headers,
}: Pick<Endpoint<Path, Query, Headers>, "params" | "query" | "headers">): (
  texts: Texts,
) => Given<Path, Query, Headers> {
  const parseParams = parserOf(params);
  const parseQuery = parserOf(query);
  // Errors name headers in lower case, as HTTP/2 has them.
  const parseHeaders = parserOf(headers, (name) => name.toLowerCase());
  return (texts) => ({
    params: parseParams(texts.param),
    query: parseQuery(texts.query),
    headers: parseHeaders(texts.header),
  });
}

/** Mounts the endpoint. What its parameters' parsers throw, the router's error handler answers. */
export function serve<
  Path extends Parameters,
  Query extends Parameters,
  Headers extends Parameters,
>(
  app: Hono,
  endpoint: Endpoint<Path, Query, Headers>,
  handler: (given: Given<Path, Query, Headers>, c: Context) => Response | Promise<Response>,
): void {
  const { method, path, query, otherQuery, access, answers } = endpoint;
  const parse = givenOf(endpoint);
  // Browsers cannot send a header when they open a stream or a socket.
  const tickets = isEndless(answers) ? [ticketParameter] : [];
  const checkQuery = queryCheck([...Object.keys(query), ...tickets]);
  app.on(method, path.replaceAll(/\{(\w+)\}/g, ":$1"), (c) => {
    const { req } = c;
    setServedRoute(req.raw, endpoint);
    requireAccess(access, callerOf(req.raw), (name) => req.param(name) ?? req.query(name));
    if (otherQuery === "refused") checkQuery(req.url);
    const given = parse({
      param: (name) => req.param(name),
      query: req.url.includes("?") ? (name) => req.query(name) : noQuery,
      header: (name) => req.header(name),
    });
    return handler(given, c);
  });
}

type TextOf = (name: string) => string | undefined;

/** Reads the parameters of a request without a query. */
export const noQuery: TextOf = () => undefined;

/** The parser of all the parameters; what does not depend on a request is computed once. */
function parserOf<Given extends Parameters>(
  parameters: Given,
  fieldOf = (name: string) => name,
): (textOf: TextOf) => Values<Given> {
  const parsers = Object.entries(parameters).map(([name, { parse }]) => ({
    name,
    field: fieldOf(name),
    parse,
  }));
  return (textOf) => {
    const values: Record<string, unknown> = {};
    for (const { name, field, parse } of parsers) values[name] = parse(textOf(name), field);
    return values as Values<Given>;
  };
}

type JsonStatus<Given extends Answers> = {
  [Status in keyof Given & number]: Given[Status] extends JsonAnswer<z.ZodType> ? Status : never;
}[keyof Given & number];

type ValueOf<Declared> =
  Declared extends JsonAnswer<infer Schema> ? Frozen<z.output<Schema>> : never;

/** One of the JSON answers that the endpoint declares, checked against its schema's type. */
export function reply<Given extends Answers, Status extends JsonStatus<Given>>(
  _endpoint: { readonly answers: Given },
  status: Status,
  value: ValueOf<Given[Status]>,
  headers?: Record<string, string>,
): Response {
  return jsonResponse(JSON.stringify(value), status, headers);
}
