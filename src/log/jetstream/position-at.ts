/**
 * Where a time lies in a stream. Every server can start a consumer at a time, and says in its answer
 * where that is; Direct Get knows times from 2.11 on alone.
 */

import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { nuid } from "@nats-io/transport-node";
import { comparePositions, type Position } from "../../core/position.ts";
import { renderTime } from "../../core/time.ts";
import type { Connection } from "./connection.ts";
import { failureFromJetstream } from "./failures.ts";
import { withRetry } from "./retry.ts";
import type { Topics } from "./topics.ts";

/** The consumer is deleted at once; this removes that of a gateway that died meanwhile. */
const inactiveNs = 5_000_000_000;

/** Throws `not_found`. */
export async function positionAt(
  connection: Connection,
  topics: Topics,
  topic: string,
  receivedNs: bigint,
): Promise<Position> {
  const { incarnation, bounds } = await topics.inspect(topic);
  const { consumers } = topics.manager;
  const name = `sluice-${nuid.next()}`;
  try {
    const { delivered } = await withRetry(connection, () =>
      consumers.add(incarnation.stream, {
        name,
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartTime,
        opt_start_time: renderTime(receivedNs),
        inactive_threshold: inactiveNs,
        mem_storage: true,
        num_replicas: 1,
      }),
    );
    consumers.delete(incarnation.stream, name).catch(() => {
      // The server removes it soon.
    });
    const found = { epoch: bounds.epoch, sequence: delivered.stream_seq, index: 0 };
    if (comparePositions(found, bounds.start) < 0) return bounds.start;
    return comparePositions(found, bounds.end) > 0 ? bounds.end : found;
  } catch (error) {
    throw failureFromJetstream(topic, error);
  }
}
