/** `grpc.health.v1.Health`: balancers and `grpcurl` ask it. */
import type { ConnectRouter } from "@connectrpc/connect";
import { Failure } from "../core/failure.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";

/** How often a watched status is looked at. */
const watchMs = 1000;

export interface HealthParts {
  /** As on `/readyz`: why this node cannot serve, or undefined. */
  readonly notReady: () => Promise<string | undefined>;
  /** Full names; all of them are as ready as their node. Asked with each call. */
  readonly services: () => readonly string[];
}

/** The empty service name is the whole node. */
export function mountHealth(router: ConnectRouter, { notReady, services }: HealthParts): void {
  const isKnown = (service: string) => service === "" || services().includes(service);
  const current = async () =>
    (await notReady()) === undefined ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  router.service(Health, {
    async check({ service }) {
      if (!isKnown(service)) {
        throw new Failure("not_found", `There is no service "${service.slice(0, 200)}"`);
      }
      return { status: await current() };
    },
    // The protocol wants a watch of an unknown service to go on: it may come to be.
    async *watch({ service }, { signal }) {
      let told: ServingStatus | undefined;
      while (!signal.aborted) {
        const status = isKnown(service) ? await current() : ServingStatus.SERVICE_UNKNOWN;
        if (status !== told) yield { status };
        told = status;
        await pause(watchMs, signal);
      }
    },
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
