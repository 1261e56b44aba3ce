/** The other end of the services: how the programs of the command line call a gateway. */
import { Code, ConnectError, createClient, type Client, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { Failure, failureCodes, type FailureCode } from "../../core/failure.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CollectorService } from "../../gen/sluice/v1/collector_pb.ts";
import { ConsumerService } from "../../gen/sluice/v1/consumer_pb.ts";
import { RegistryService } from "../../gen/sluice/v1/registry_pb.ts";

export type CollectorClient = Client<typeof CollectorService>;
export type ConsumerClient = Client<typeof ConsumerService>;
export type RegistryClient = Client<typeof RegistryService>;

export interface RpcClients {
  readonly collector: CollectorClient;
  readonly consumer: ConsumerClient;
  readonly registry: RegistryClient;
}

/** gRPC, for the RPC port: one HTTP/2 connection, which the first call opens. */
export function createGrpcClients(url: string): RpcClients {
  return clientsOf(createGrpcTransport({ baseUrl: url }));
}

/** Connect over HTTP/1.1, for the HTTP port: a stream of requests is sent before its answer. */
export function createConnectClients(url: string): RpcClients {
  return clientsOf(createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
}

function clientsOf(transport: Transport): RpcClients {
  return {
    collector: createClient(CollectorService, transport),
    consumer: createClient(ConsumerService, transport),
    registry: createClient(RegistryService, transport),
  };
}

/**
 * Statuses that mean the same whoever gave them. What else comes without details is a cut, a
 * cancellation too: the caller knows of its own, and a peer that dies resets streams with it.
 */
const meant: ReadonlyMap<Code, FailureCode> = new Map([
  [Code.DeadlineExceeded, "deadline_exceeded"],
  [Code.PermissionDenied, "forbidden"],
  [Code.Unauthenticated, "unauthenticated"],
  [Code.Unimplemented, "method_not_allowed"],
]);

/**
 * What ended a call, in the gateway's own words: it puts an `ErrorInfo` into every failure. A
 * status without one is of the connection, or of something in between, and is `unavailable`.
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
      meant.get(status.code) ??
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
