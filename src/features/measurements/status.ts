/** What a node knows of its measurements, for `/status`. */
import type { MeasurementStoreStats } from "./measurement.ts";
import type { UnprojectedStatus } from "./tail/unprojected.ts";

/** Rates and quantiles are of the last one to two minutes. */
export function renderMeasurementStatus(tail: UnprojectedStatus, store: MeasurementStoreStats) {
  return {
    /** Of all nodes: what this one has read from the log. */
    per_second: tail.queryableMs.perSecond,
    /** From a record's receipt until this node's answers have it. */
    queryable_ms: quantiles(tail.queryableMs),
    tail: {
      measurements: tail.measurements,
      bytes: tail.bytes,
      complete: tail.complete,
      behind_ms: tail.behindMs,
    },
    /** Of this node, while its projection is the one that writes. */
    stored: {
      rows: store.rows,
      merged: store.merged,
      undecodable: store.undecodable,
      ...(store.lastUndecodable === undefined ? {} : { last_undecodable: store.lastUndecodable }),
      untimely: store.untimely,
      batch_rows: quantiles(store.batchRows),
      batch_ms: quantiles(store.batchMs),
      stored_ms: quantiles(store.storedMs),
    },
  };
}

function quantiles({ p50, p99, max }: UnprojectedStatus["queryableMs"]) {
  return { p50, p99, max };
}
