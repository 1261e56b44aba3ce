/** Subscriptions over RPC with generated code. */

import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { ConsumerService, type SubscribeResponse } from "../../../src/gen/sluice/v1/consumer_pb.ts";

/** Each protocol over each version of HTTP that a gateway's two ports have. */
export const ways = {
  "gRPC on the RPC port": ({ grpcUrl }: Urls) => createGrpcTransport({ baseUrl: grpcUrl }),
  "Connect on the RPC port": ({ grpcUrl }: Urls) =>
    createConnectTransport({ baseUrl: grpcUrl, httpVersion: "2" }),
  "gRPC-Web on the RPC port": ({ grpcUrl }: Urls) =>
    createGrpcWebTransport({ baseUrl: grpcUrl, httpVersion: "2" }),
  "Connect, JSON, HTTP/1.1": ({ url }: Urls) =>
    createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: false }),
  "Connect over h2c": ({ url }: Urls) => createConnectTransport({ baseUrl: url, httpVersion: "2" }),
  "gRPC-Web, HTTP/1.1": ({ url }: Urls) =>
    createGrpcWebTransport({ baseUrl: url, httpVersion: "1.1" }),
} as const satisfies Record<string, (urls: Urls) => Transport>;

export interface Urls {
  readonly url: string;
  readonly grpcUrl: string;
}

export type Consumer = Client<typeof ConsumerService>;

export function consumerOf(transport: Transport): Consumer {
  return createClient(ConsumerService, transport);
}

const text = new TextDecoder();

/** Values of a message as text. */
export function valuesOf({ records }: SubscribeResponse): string[] {
  return records.map(({ record }) => text.decode(record?.value));
}

/** Values until there are `count`; then the call is cancelled. */
export async function take(
  consumer: Consumer,
  request: Parameters<Consumer["subscribe"]>[0],
  count: number,
): Promise<{ readonly values: string[]; readonly position: string }> {
  const stop = new AbortController();
  const values: string[] = [];
  let position = "";
  for await (const response of consumer.subscribe(request, { signal: stop.signal })) {
    values.push(...valuesOf(response));
    position = response.position;
    if (values.length >= count) break;
  }
  stop.abort();
  return { values, position };
}

export interface Ended {
  /** Code as clients show it; "OK" if the call succeeded. */
  readonly code: string;
  readonly message: string;
  readonly reason: string | undefined;
  /** Position from which reading can resume. */
  readonly position: string | undefined;
}

/** How the stream or the call ends. */
export async function endOf(call: AsyncIterable<unknown> | Promise<unknown>): Promise<Ended> {
  try {
    if (call instanceof Promise) await call;
    else for await (const _ of call);
    return { code: "OK", message: "", reason: undefined, position: undefined };
  } catch (error) {
    const status = ConnectError.from(error);
    const [info] = status.findDetails(ErrorInfoSchema);
    const { code, rawMessage: message } = status;
    return {
      code: Code[code],
      message,
      reason: info?.reason,
      position: info?.metadata["position"],
    };
  }
}
