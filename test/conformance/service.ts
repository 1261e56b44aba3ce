/**
 * `connectrpc.conformance.v1.ConformanceService`: answers as the request specifies, and says what
 * it saw. Its methods are written as Sluice's own are, and mounted on the same listeners.
 */

import { create, createRegistry, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformancePayload_RequestInfoSchema,
  ConformancePayloadSchema,
  ConformanceService,
  type Error as ErrorDefinition,
  type Header,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

/** The types of an `Any` of a request or of an error's details. */
export const conformanceTypes = createRegistry(
  UnaryRequestSchema,
  IdempotentUnaryRequestSchema,
  ClientStreamRequestSchema,
  ServerStreamRequestSchema,
  BidiStreamRequestSchema,
  ConformancePayload_RequestInfoSchema,
);

/** What a call's method reads and adds besides messages. */
export type Metadata = Pick<
  HandlerContext,
  "requestHeader" | "responseHeader" | "responseTrailer" | "timeoutMs"
>;

export function mountConformance(router: ConnectRouter): void {
  router.service(ConformanceService, {
    unary(request, context) {
      return single(request.responseDefinition, [anyPack(UnaryRequestSchema, request)], context);
    },
    idempotentUnary(request, context) {
      const packed = anyPack(IdempotentUnaryRequestSchema, request);
      return single(request.responseDefinition, [packed], context);
    },
    async clientStream(requests, context) {
      const seen: Any[] = [];
      let definition: UnaryResponseDefinition | undefined;
      for await (const request of requests) {
        definition ??= request.responseDefinition;
        seen.push(anyPack(ClientStreamRequestSchema, request));
      }
      return single(definition, seen, context);
    },
    async *serverStream(request, context) {
      const definition = request.responseDefinition;
      addHeaders(definition, context);
      yield* rest(definition, [anyPack(ServerStreamRequestSchema, request)], 0, context);
    },
    async *bidiStream(requests, context) {
      let seen: Any[] = [];
      let definition: StreamResponseDefinition | undefined;
      let sent = 0;
      let fullDuplex = false;
      for await (const request of requests) {
        if (definition === undefined) {
          definition = request.responseDefinition;
          fullDuplex = request.fullDuplex;
          addHeaders(definition, context);
        }
        seen.push(anyPack(BidiStreamRequestSchema, request));
        if (!fullDuplex) continue;
        const data = definition?.responseData[sent];
        // The client waits for an answer to each request, and the end counts as one.
        if (data === undefined) break;
        await pause(definition?.responseDelayMs);
        yield { payload: payload(data, seen, context) };
        sent++;
        seen = [];
      }
      yield* rest(definition, seen, sent, context);
    },
  });
}

export async function single(
  definition: UnaryResponseDefinition | undefined,
  seen: Any[],
  context: Metadata,
): Promise<{ payload: ConformancePayload }> {
  addHeaders(definition, context);
  await pause(definition?.responseDelayMs);
  const response = definition?.response;
  if (response?.case === "error") throw errorFrom(response.value, requestInfo(seen, context));
  return { payload: payload(response?.value, seen, context) };
}

/** What was not sent yet; the first response of all says what was seen. */
async function* rest(
  definition: StreamResponseDefinition | undefined,
  seen: Any[],
  sent: number,
  context: Metadata,
): AsyncGenerator<{ payload: ConformancePayload }> {
  const left = definition?.responseData.slice(sent) ?? [];
  for (const [i, data] of left.entries()) {
    await pause(definition?.responseDelayMs);
    yield {
      payload:
        sent + i === 0 ? payload(data, seen, context) : create(ConformancePayloadSchema, { data }),
    };
  }
  if (definition?.error === undefined) return;
  const nothingSent = definition.responseData.length === 0;
  throw errorFrom(definition.error, nothingSent ? requestInfo(seen, context) : undefined);
}

function payload(data: Uint8Array | undefined, seen: Any[], context: Metadata): ConformancePayload {
  return create(ConformancePayloadSchema, {
    ...(data === undefined ? {} : { data }),
    requestInfo: requestInfo(seen, context),
  });
}

function requestInfo(
  requests: Any[],
  context: Metadata,
): MessageShape<typeof ConformancePayload_RequestInfoSchema> {
  const timeoutMs = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: [...context.requestHeader].map(([name, value]) => ({ name, value: [value] })),
    requests,
    ...(timeoutMs === undefined ? {} : { timeoutMs: BigInt(timeoutMs) }),
  });
}

function errorFrom(
  { code, message, details }: ErrorDefinition,
  info: MessageShape<typeof ConformancePayload_RequestInfoSchema> | undefined,
): ConnectError {
  const packed = info === undefined ? [] : [anyPack(ConformancePayload_RequestInfoSchema, info)];
  return new ConnectError(
    message ?? "",
    codeFrom(code),
    undefined,
    [...details, ...packed].map((detail) => {
      const value = anyUnpack(detail, conformanceTypes);
      const desc = value && conformanceTypes.getMessage(value.$typeName);
      if (value === undefined || desc === undefined) throw new Error(`Unknown ${detail.typeUrl}`);
      return { desc, value };
    }),
  );
}

/** The suite's numbers are those of the protocols. */
function codeFrom(number: number): Code {
  const codes = Object.values(Code).filter((code) => typeof code === "number");
  return codes.find((code: number) => code === number) ?? Code.Unknown;
}

function addHeaders(
  definition: UnaryResponseDefinition | StreamResponseDefinition | undefined,
  { responseHeader, responseTrailer }: Metadata,
): void {
  append(responseHeader, definition?.responseHeaders ?? []);
  append(responseTrailer, definition?.responseTrailers ?? []);
}

function append(headers: Headers, added: readonly Header[]): void {
  for (const { name, value } of added) for (const one of value) headers.append(name, one);
}

async function pause(ms = 0): Promise<void> {
  if (ms > 0) await Bun.sleep(ms);
}
