/** Errors of NATS and JetStream as the log's failures, by their code and never by their text. */

import { JetStreamApiError } from "@nats-io/jetstream";
import { Failure } from "../../core/failure.ts";
import { topicNotFound } from "../answers.ts";

/** JetStream's own error codes (`errors.json` of the server). */
const code = {
  streamNotFound: 10059,
  streamExists: 10058,
  messageTooLarge: 10054,
  headerTooLarge: 10097,
  noMessageFound: 10037,
  wrongLastSequence: 10071,
  subjectsOverlap: 10065,
  accountExceeded: 10002,
  noSuitablePeers: 10005,
  clusterUnavailable: 10008,
  storageExceeded: 10047,
} as const;

export function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === code.streamNotFound;
}

/** The stream exists with another configuration, or its subjects belong to another stream. */
export function isStreamTaken(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return error.code === code.streamExists || error.code === code.subjectsOverlap;
}

/** JetStream reserves a stream's `max_bytes` when it creates the stream, and has no room for them. */
export function isReservationRefused(error: unknown): boolean {
  return error instanceof JetStreamApiError && isStorageFull(error.code);
}

/** The account or the servers have no room. */
export function isStorageFull(errorCode: number): boolean {
  const refusals: number[] = [code.accountExceeded, code.noSuitablePeers, code.storageExceeded];
  return refusals.includes(errorCode);
}

/** The cluster has no leader at the moment: it says so at once, and the same call is answered later. */
export function isElecting(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === code.clusterUnavailable;
}

/** A failure of an API call about a topic. */
export function failureFromJetstream(topic: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof JetStreamApiError) {
    return failureFromCode(topic, error.code, error.message, error);
  }
  return jetstreamUnavailable(topic, "it did not answer", error);
}

/** The failure of an answer with `error.err_code`. */
export function failureFromCode(
  topic: string,
  errorCode: number,
  description: string,
  cause?: unknown,
): Failure {
  if (errorCode === code.streamNotFound) return topicNotFound(topic);
  if (errorCode === code.messageTooLarge || errorCode === code.headerTooLarge) {
    return new Failure("too_large", `Cannot append to topic "${topic}": ${description}`, { cause });
  }
  return jetstreamUnavailable(topic, description, cause);
}

/** Another message of the subject came first. */
export function isWrongLastSequence(errorCode: number): boolean {
  return errorCode === code.wrongLastSequence;
}

export function isNoMessage(errorCode: number): boolean {
  return errorCode === code.noMessageFound;
}

export function jetstreamUnavailable(topic: string, why: string, cause?: unknown): Failure {
  return new Failure("unavailable", `Cannot reach topic "${topic}" in JetStream: ${why}`, {
    retryAfterMs: 1_000,
    cause,
  });
}
