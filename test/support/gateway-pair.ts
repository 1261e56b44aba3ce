/** Two gateways as one: the same database, the same ports, each on its own loopback address. */

import type { GatewayPorts } from "./balancer.ts";
import { gatewayHosts } from "./balancer.ts";
import { type GatewayProcess, startGateway } from "./gateway.ts";
import { freePort } from "./port.ts";

export interface GatewayPair {
  readonly ports: GatewayPorts;
  /** In the order of their addresses. */
  readonly gateways: readonly GatewayProcess[];
  /** Starts the gateway of this index again, once it has ended. */
  restart(index: number): Promise<GatewayProcess>;
  stop(): Promise<void>;
}

export async function startGatewayPair(
  env: Readonly<Record<string, string>>,
): Promise<GatewayPair> {
  const ports = { http: await freePort(), grpc: await freePort() };
  const start = (index: number) =>
    startGateway({
      env: {
        SLUICE_HOST: gatewayHosts[index] ?? "",
        SLUICE_PORT: String(ports.http),
        SLUICE_GRPC_PORT: String(ports.grpc),
        ...env,
      },
    });
  const gateways = await Promise.all(gatewayHosts.map((_, index) => start(index)));
  return {
    ports,
    gateways,
    async restart(index) {
      const gateway = await start(index);
      gateways[index] = gateway;
      return gateway;
    },
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
    },
  };
}
