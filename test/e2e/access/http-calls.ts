/** Each endpoint as one request, made of its declaration's own examples. */

import { request as requestHttp1 } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Access } from "../../../src/core/access/need.ts";
import { addressOf, type Endpoint } from "../../../src/http/endpoint/endpoint.ts";
import type { Parameter } from "../../../src/http/endpoint/parameter.ts";
import { within } from "../../support/until.ts";

export interface HttpCall {
  /** The address, as it is declared. */
  readonly name: string;
  readonly access: Access;
  /** What the access is about; undefined: everything of its kind. */
  readonly about: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly body: { readonly type: string; readonly text: string } | undefined;
  readonly isSocket: boolean;
}

export function httpCall(endpoint: Endpoint): HttpCall {
  const { method, path, params, query, body, access, socket } = endpoint;
  const names = Object.entries(query).filter(([, { isRequired }]) => isRequired);
  const search = new URLSearchParams(names.map(([name, one]) => [name, exampleOf(one)]));
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(exampleOf(params[name])),
  );
  return {
    name: addressOf(endpoint),
    access,
    about: aboutOf(access, { ...query, ...params }, new Set(names.map(([name]) => name))),
    method,
    path: search.size === 0 ? address : `${address}?${search}`,
    body: body === undefined ? undefined : exampleBody(body.content),
    isSocket: socket !== undefined,
  };
}

function aboutOf(
  access: Access,
  parameters: Endpoint["params"],
  sent: ReadonlySet<string>,
): string | undefined {
  if (access.kind === "public") return undefined;
  if ("name" in access.of) return access.of.name;
  if (!("param" in access.of)) return undefined;
  const { param } = access.of;
  const isSent = sent.has(param) || parameters[param]?.isRequired === true;
  return isSent ? exampleOf(parameters[param]) : undefined;
}

function exampleOf(parameter: Parameter<unknown> | undefined): string {
  return String(parameter?.example ?? "1");
}

function exampleBody(
  content: NonNullable<Endpoint["body"]>["content"],
): { readonly type: string; readonly text: string } | undefined {
  const [first] = Object.entries(content);
  if (first === undefined) return undefined;
  const [type, { example, examples }] = first;
  const value = example ?? Object.values(examples ?? {})[0]?.value;
  return { type, text: typeof value === "string" ? value : JSON.stringify(value) };
}

const waitMs = 15_000;

const handshake = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

/** The status; the answer is not read. */
export function sendHttp1(url: string, call: HttpCall, key: string | undefined): Promise<number> {
  const { method, path, body, isSocket } = call;
  const headers = { ...headersOf(call, key), ...(isSocket ? handshake : {}) };
  const status = new Promise<number>((resolve, reject) => {
    const request = requestHttp1(url + path, { method, headers, agent: false });
    request.on("error", reject);
    request.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    request.on("response", (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.end(body?.text);
  });
  return within(call.name, waitMs, status);
}

/** The same over HTTP/2, which knows no handshake of sockets. */
export class Http2Way implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(url: string) {
    this.#session = connect(url);
  }

  async send(call: HttpCall, key: string | undefined): Promise<number> {
    const status = new Promise<number>((resolve, reject) => {
      const stream = this.#session.request({
        ":method": call.method,
        ":path": call.path,
        ...headersOf(call, key),
      });
      stream.on("error", reject);
      stream.on("response", (headers) => {
        stream.close();
        resolve(Number(headers[":status"]));
      });
      stream.end(call.body?.text);
    });
    return await within(call.name, waitMs, status);
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function headersOf({ body }: HttpCall, key: string | undefined): Record<string, string> {
  return {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined
      ? {}
      : { "content-type": body.type, "content-length": String(Buffer.byteLength(body.text)) }),
  };
}
