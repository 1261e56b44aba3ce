/** Which server of a cluster leads a topic's stream. */

import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { streamFromTopic } from "../../src/log/jetstream/subject.ts";
import type { NatsCluster } from "./nats.ts";
import { until } from "./until.ts";

/** Its index in `servers`. */
export async function leaderOf(cluster: NatsCluster, topic: string): Promise<number> {
  const nc = await connect({ servers: cluster.servers.map(({ url }) => url) });
  try {
    const leader = await until("a leader", 20_000, async () => {
      try {
        const manager = await jetstreamManager(nc);
        const { cluster: replicas } = await manager.streams.info(streamFromTopic(topic));
        return replicas?.leader ?? false;
      } catch {
        // The servers themselves may be electing.
        return false;
      }
    });
    // They are named n0, n1 and n2.
    return Number(leader.slice(1));
  } finally {
    await nc.close();
  }
}
