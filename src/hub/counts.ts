/** What a node delivered, in plain numbers: a delivery may not cost more for being counted. */

import { Histogram } from "../core/metrics/histogram.ts";

export interface HubCounts {
  /** Records, once for each subscriber. */
  deliveries: number;
  /** Bytes of their values, once for each subscriber. */
  bytes: number;
  /** Subscribers that were closed because they did not read. */
  closedSlow: number;
  /** From a record's receipt until it was written to live subscribers. */
  readonly latencySeconds: Histogram;
}

export function createHubCounts(): HubCounts {
  return { deliveries: 0, bytes: 0, closedSlow: 0, latencySeconds: new Histogram() };
}
