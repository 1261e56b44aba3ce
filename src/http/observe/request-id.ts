/**
 * The id of a request, by which its log lines and its answer are found: as `X-Request-Id` of the caller
 * or its proxy has it, else made here.
 */

export const requestIdHeader = "x-request-id";

/** Longer ones, and those with other characters, are replaced: they are written to logs. */
const sane = /^[\w.:+/=@-]{1,128}$/;

const ids = new WeakMap<Request, string>();

/** Different for each process, as ids of several nodes are in one log. */
const process = crypto.randomUUID().slice(0, 8);
let made = 0;

/** What the caller sent, where it can be used. */
export function givenRequestId({ headers }: Request): string | undefined {
  const given = headers.get(requestIdHeader);
  return given !== null && sane.test(given) ? given : undefined;
}

/** The same for each call with this request. */
export function requestIdOf(request: Request): string {
  let id = ids.get(request);
  if (id === undefined) {
    id = givenRequestId(request) ?? `${process}-${(++made).toString(36)}`;
    ids.set(request, id);
  }
  return id;
}

/** Undefined for a request that did not bring an id, and for which none was made. */
export function knownRequestId(request: Request): string | undefined {
  return ids.get(request) ?? givenRequestId(request);
}
