/** The id of a request or call, by which its log lines and its answer are found. */

/** A header over HTTP, metadata of an RPC. */
export const requestIdHeader = "x-request-id";

/** Longer ones, and those with other characters, are replaced: they are written to logs. */
const sane = /^[\w.:+/=@-]{1,128}$/;

/** Different for each process, as ids of several nodes are in one log. */
const process = crypto.randomUUID().slice(0, 8);
let made = 0;

/** What the caller or its proxy sent, where it can be used. */
export function usableRequestId(given: string | null | undefined): string | undefined {
  return typeof given === "string" && sane.test(given) ? given : undefined;
}

export function newRequestId(): string {
  return `${process}-${(++made).toString(36)}`;
}
