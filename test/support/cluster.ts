/** A cluster as compose.yml has it, of real programs: HAProxy with TLS, two gateways, three NATS servers, PostgreSQL. */

import { type Balancer, startBalancer } from "./balancer.ts";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { type GatewayPair, startGatewayPair } from "./gateway-pair.ts";
import { type NatsCluster, startNatsCluster } from "./nats.ts";
import { testPostgres } from "./postgres.ts";

export interface Cluster extends AsyncDisposable {
  readonly balancer: Balancer;
  readonly certificate: Certificate;
  readonly pair: GatewayPair;
  readonly nats: NatsCluster;
}

/** Needs HAProxy and nats-server. The database has no fsync. */
export async function startCluster(): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const certificate = await makeCertificate();
  const nats = await startNatsCluster();
  stack.defer(() => nats.stop());
  const database = await (await testPostgres()).createDatabase();
  stack.defer(() => database.drop());
  const pair = await startGatewayPair({
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    SLUICE_NATS_REPLICAS: "3",
  });
  stack.defer(() => pair.stop());
  const { ports } = pair;
  const balancer = await startBalancer("haproxy", { certificate, ports });
  stack.defer(() => balancer.stop());
  const started = stack.move();
  return {
    ...{ balancer, certificate, pair, nats },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
