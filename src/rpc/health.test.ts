import { expect, test } from "bun:test";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";
import { failureInterceptor } from "./failures.ts";
import { mountHealth } from "./health.ts";

function rig() {
  const state: { why: string | undefined } = { why: undefined };
  const transport = createRouterTransport(
    (router) =>
      mountHealth(router, {
        notReady: () => Promise.resolve(state.why),
        services: () => ["sluice.v1.ConsumerService"],
      }),
    { router: { interceptors: [failureInterceptor(() => {}, new AbortController().signal)] } },
  );
  return { client: createClient(Health, transport), state };
}

test("the node and each of its services are as ready as the node", async () => {
  const { client, state } = rig();
  const check = async (service: string) => (await client.check({ service })).status;
  expect(await check("")).toBe(ServingStatus.SERVING);
  expect(await check("sluice.v1.ConsumerService")).toBe(ServingStatus.SERVING);
  state.why = "The log is unavailable";
  expect(await check("")).toBe(ServingStatus.NOT_SERVING);
  expect(await check("sluice.v1.ConsumerService")).toBe(ServingStatus.NOT_SERVING);
  const unknown = await check("x").catch((error: unknown) => ConnectError.from(error).code);
  expect(unknown).toBe(Code.NotFound);
});

test("a watch tells each change once, and of an unknown service that it is one", async () => {
  const { client, state } = rig();
  const stop = new AbortController();
  const watch = client.watch({}, stop)[Symbol.asyncIterator]();
  const next = async () => (await watch.next()).value?.status;
  expect(await next()).toBe(ServingStatus.SERVING);
  const changed = next();
  state.why = "The log is unavailable";
  expect(await changed).toBe(ServingStatus.NOT_SERVING);
  const unknown = client.watch({ service: "x" }, stop)[Symbol.asyncIterator]();
  expect((await unknown.next()).value?.status).toBe(ServingStatus.SERVICE_UNKNOWN);
  stop.abort();
});
