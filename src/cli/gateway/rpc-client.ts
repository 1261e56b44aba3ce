/** RPC clients of a gateway for the programs of the command line. */

import {
  type Client,
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { Failure, type FailureCode, failureCodes } from "../../core/failure.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CollectorService } from "../../gen/sluice/v1/collector_pb.ts";
import { ConsumerService } from "../../gen/sluice/v1/consumer_pb.ts";
import { RegistryService } from "../../gen/sluice/v1/registry_pb.ts";
import type { Gateway } from "./gateway.ts";

export type CollectorClient = Client<typeof CollectorService>;
export type ConsumerClient = Client<typeof ConsumerService>;
export type RegistryClient = Client<typeof RegistryService>;

export interface RpcClients {
  readonly collector: CollectorClient;
  readonly consumer: ConsumerClient;
  readonly registry: RegistryClient;
}

/** gRPC, for the RPC port: one HTTP/2 connection, which the first call opens. */
export function createGrpcClients(gateway: Gateway): RpcClients {
  const interceptors = [credentials(gateway)];
  return clientsOf(createGrpcTransport({ baseUrl: gateway.url, interceptors }));
}

/** Connect over HTTP/1.1, for the HTTP port: a stream of requests ends before its response begins. */
export function createConnectClients(gateway: Gateway): RpcClients {
  const interceptors = [credentials(gateway)];
  const baseUrl = gateway.url;
  return clientsOf(createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors }));
}

function credentials({ headers }: Gateway): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
    return next(request);
  };
}

function clientsOf(transport: Transport): RpcClients {
  return {
    collector: createClient(CollectorService, transport),
    consumer: createClient(ConsumerService, transport),
    registry: createClient(RegistryService, transport),
  };
}

/**
 * Statuses whose meaning does not depend on their sender. Any other status without details is a cut.
 * That includes a cancellation: the caller knows its own, and a peer that dies resets streams with one.
 */
const unambiguous: ReadonlyMap<Code, FailureCode> = new Map([
  [Code.DeadlineExceeded, "deadline_exceeded"],
  [Code.PermissionDenied, "forbidden"],
  [Code.Unauthenticated, "unauthenticated"],
  [Code.Unimplemented, "method_not_allowed"],
]);

/**
 * The failure that ended a call, in the gateway's own words: it puts an `ErrorInfo` into every failure.
 * A status without one comes from the connection or from a proxy, and is `unavailable`.
 */
export function failureFromRpcError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const status = ConnectError.from(error);
  const [info] = status.findDetails(ErrorInfoSchema);
  const [retry] = status.findDetails(RetryInfoSchema);
  const position = info?.metadata["position"];
  const delay = retry?.retryDelay;
  return new Failure(
    failureCodes.find((code) => code.toUpperCase() === info?.reason) ??
      unambiguous.get(status.code) ??
      "unavailable",
    status.rawMessage,
    {
      cause: error,
      ...(position === undefined ? {} : { position }),
      ...(delay === undefined
        ? {}
        : { retryAfterMs: Number(delay.seconds) * 1000 + delay.nanos / 1e6 }),
    },
  );
}
