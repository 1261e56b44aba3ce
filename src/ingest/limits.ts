/** Bounds of one record. */
export interface RecordLimits {
  readonly recordBytesMax: number;
  readonly keyBytesMax: number;
  readonly headersMax: number;
  /** Records of one message of a stream, or of one request. */
  readonly batchRecordsMax: number;
}

export interface IngestLimits extends RecordLimits {
  /** Bytes that are appended but not yet durable, of all calls together. */
  readonly inFlightBytesMax: number;
  /** How long a record of a stream waits for others before they go to the log together. */
  readonly lingerMs: number;
}

export const defaultIngestLimits: IngestLimits = {
  recordBytesMax: 1024 * 1024,
  keyBytesMax: 512,
  headersMax: 64,
  // Some milliseconds of work, which nothing may interrupt.
  batchRecordsMax: 10_000,
  // A quarter second of a fast disk: more would only be latency.
  inFlightBytesMax: 32 * 1024 * 1024,
  // A frame then holds 20 ms of all connections: fewer appends than that gain nothing.
  lingerMs: 20,
};
