/** `grpc.health.v1.Health`, for balancers and `grpcurl`. */

import type { ConnectRouter } from "@connectrpc/connect";
import { isPublic } from "../core/access/need.ts";
import { Failure } from "../core/failure.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";
import { serviceAccess } from "./access.ts";

/** Interval at which a watched status is checked. */
const watchMs = 1000;

export interface HealthDeps {
  /** As on `/readyz`: why this node cannot serve, or undefined. */
  readonly notReady: () => Promise<string | undefined>;
  /** Full names, read with each call; all services are as ready as their node. */
  readonly services: () => readonly string[];
}

export const healthAccess = serviceAccess(Health, {
  check: isPublic(
    "balancers ask whether a node is ready, as on /readyz, before they have a credential",
  ),
  watch: isPublic("balancers follow it, for the same reason"),
  list: isPublic("it is unimplemented, which everybody may know"),
});

/** The empty service name is the whole node. */
export function mountHealth(router: ConnectRouter, { notReady, services }: HealthDeps): void {
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
    // The protocol requires a watch of an unknown service to continue: it may be added later.
    async *watch({ service }, { signal }) {
      let sent: ServingStatus | undefined;
      while (!signal.aborted) {
        const status = isKnown(service) ? await current() : ServingStatus.SERVICE_UNKNOWN;
        if (status !== sent) yield { status };
        sent = status;
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
