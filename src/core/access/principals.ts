/** What somebody may do now, long after the request that they made: an ack rule acts for its creator. */

import type { Caller, Principal } from "./caller.ts";

export interface Principals {
  /**
   * At once. Undefined: the key was revoked or has expired. Nobody can be asked about tokens and
   * certificates, which keep the grants that they came with.
   */
  current(principal: Principal): Caller | undefined;
}
