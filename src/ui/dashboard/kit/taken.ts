/** Creating is a `PUT`, which would change what has the same name, without showing before what that forgets. */

import { Refused } from "../../http.ts";

/** Throws if `reading` finds what is about to be created: `what` is "A topic". */
export async function refuseTaken(what: string, reading: Promise<unknown>): Promise<void> {
  try {
    await reading;
  } catch (error) {
    // Who may not read it cannot see it elsewhere either.
    if (error instanceof Refused && (error.status === 404 || error.status === 403)) return;
    throw error;
  }
  throw new Error(`${what} of this name exists already.`);
}
