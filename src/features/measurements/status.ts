/** A node's measurements for `/status`. */

import type { MeasurementStoreStats } from "./measurement.ts";
import type { UnprojectedStatus } from "./tail/unprojected.ts";

/** Rates and quantiles cover the last one to two minutes. */
export function renderMeasurementStatus(tail: UnprojectedStatus, store: MeasurementStoreStats) {
  return {
    /** Measurements of all nodes, as this node reads them from the log. */
    perSecond: tail.queryableMs.perSecond,
    /** From a record's receipt until this node's answers include it. */
    queryableMs: quantiles(tail.queryableMs),
    tail: {
      measurements: tail.measurements,
      bytes: tail.bytes,
      complete: tail.complete,
      behindMs: tail.behindMs,
    },
    /** Written by this node, while it owns the projection. */
    stored: {
      rows: store.rows,
      merged: store.merged,
      undecodable: store.undecodable,
      lastUndecodable: store.lastUndecodable,
      untimely: store.untimely,
      batchRows: quantiles(store.batchRows),
      batchMs: quantiles(store.batchMs),
      storedMs: quantiles(store.storedMs),
    },
  };
}

function quantiles({ p50, p99, max }: UnprojectedStatus["queryableMs"]) {
  return { p50, p99, max };
}
