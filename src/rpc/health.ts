/** `grpc.health.v1.Health`: balancers and `grpcurl` ask it. */
import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";

/** How often a watched status is looked at. */
const watchMs = 1000;

/** `notReady` as on `/readyz`. The empty service name is the whole node; others are unknown. */
export function mountHealth(
  router: ConnectRouter,
  notReady: () => Promise<string | undefined>,
): void {
  const current = async () =>
    (await notReady()) === undefined ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  const implementation: Partial<ServiceImpl<typeof Health>> = {
    async check(request) {
      if (request.service !== "" && request.service !== Health.typeName) {
        throw new ConnectError(
          `There is no service "${request.service.slice(0, 200)}"`,
          Code.NotFound,
        );
      }
      return { status: await current() };
    },
    async *watch(_request, { signal }) {
      let told: ServingStatus | undefined;
      while (!signal.aborted) {
        const status = await current();
        if (status !== told) yield { status };
        told = status;
        await pause(watchMs, signal);
      }
    },
  };
  router.service(Health, implementation);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
