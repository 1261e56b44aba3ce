/** What a node counts in places that have nothing else to do with metrics. */

import { type FailureCode, failureCodes } from "../failure.ts";
import { Counts } from "./counts.ts";
import { RecordCounts } from "./records.ts";
import { Requests } from "./requests.ts";

/** Why a credential was not accepted. */
export const authenticationFailures = [
  "missing", // a credential is needed, and none was sent
  "malformed",
  "unknown", // no such key, ticket or session, or a signature that does not fit
  "expired",
  "revoked",
  "misplaced", // a long-lived credential in an address
  "unavailable", // the keys cannot be looked up at present
] as const;
export type AuthenticationFailure = (typeof authenticationFailures)[number];

/** What a caller has used up when it is refused or slowed down. */
export const callerLimits = [
  "requests",
  "records",
  "bytes",
  "streams",
  "in_flight",
  "topics",
  "emitters",
  "tags",
  "subjects",
  "rules",
  "unknown_keys", // ids of signing keys that no JWKS has
] as const;
export type CallerLimit = (typeof callerLimits)[number];

export interface Counters {
  readonly requests: Requests;
  readonly records: RecordCounts;
  /** Requests that were refused, by the code that their answer shows. */
  readonly refusals: Counts<FailureCode>;
  readonly authenticationFailures: Counts<AuthenticationFailure>;
  readonly limitsHit: Counts<CallerLimit>;
}

export function createCounters(): Counters {
  return {
    requests: new Requests(),
    records: new RecordCounts(),
    refusals: new Counts(failureCodes),
    authenticationFailures: new Counts(authenticationFailures),
    limitsHit: new Counts(callerLimits),
  };
}
