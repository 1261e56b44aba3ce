/** Each method of every service as one call, made of its descriptor. */

import {
  create,
  type DescMethod,
  fromJson,
  type JsonObject,
  type Message,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import type { Access } from "../../../src/core/access/need.ts";
import { pathOfMethod } from "../../../src/rpc/access.ts";
import { within } from "../../support/until.ts";

export interface RpcCall {
  /** `/package.Service/Method`. */
  readonly name: string;
  readonly access: Access;
  readonly about: string | undefined;
  readonly method: DescMethod;
  readonly message: Message;
}

/** What is sent in the fields of these names, wherever a message has one. */
const examples: JsonObject = {
  topic: "orders",
  records: [{ value: "eyJvcmRlciI6MTd9" }],
  subject: "orders-value",
  proto_text: { text: 'syntax = "proto3"; message Order { int32 number = 1; }' },
  full_name: "Order",
  version: 1,
  compatibility: "COMPATIBILITY_BACKWARD",
  app_id: "shop",
  message_id: "m1",
  event: "opened",
  list_services: "",
};

export function rpcCall(method: DescMethod, access: Access): RpcCall {
  const given = method.input.fields.flatMap(({ name }) =>
    name in examples ? [[name, examples[name]] as const] : [],
  );
  const message =
    given.length === 0
      ? create(method.input)
      : fromJson(method.input, Object.fromEntries(given) as JsonObject);
  return { name: pathOfMethod(method), access, about: aboutOf(access, message), method, message };
}

function aboutOf(access: Access, message: Message): string | undefined {
  if (access.kind === "public") return undefined;
  if ("name" in access.of) return access.of.name;
  if (!("param" in access.of)) return undefined;
  const value: unknown = Reflect.get(message, access.of.param);
  return typeof value === "string" && value !== "" ? value : undefined;
}

const waitMs = 15_000;

/** The name of the status; of a stream, once it has begun or ended. */
export async function callRpc(
  transport: Transport,
  call: RpcCall,
  key: string | undefined,
): Promise<string> {
  const stop = new AbortController();
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  const outcome = answer(transport, call, { headers, signal: stop.signal }).then(
    () => "OK",
    (error: unknown) => Code[ConnectError.from(error).code] ?? "?",
  );
  try {
    return await within(call.name, waitMs, outcome);
  } finally {
    stop.abort();
  }
}

interface Options {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

async function answer(
  transport: Transport,
  { method, message }: RpcCall,
  { headers, signal }: Options,
): Promise<void> {
  const { methodKind } = method;
  if (methodKind === "unary") {
    await transport.unary({ ...method, methodKind }, signal, undefined, headers, message);
    return;
  }
  const streaming = { ...method, methodKind };
  const response = await transport.stream(streaming, signal, undefined, headers, once(message));
  for await (const _ of response.message) return;
}

async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
}
