/** "Now" as the gateway has it: the reader's clock may be wrong. */

/** A difference up to this much may be the way of the answer and the whole seconds of its date. */
export const toleratedMs = 2000;

let offsetMs = 0;

/** Takes the `Date` of an answer that has just come. */
export function noteDate(header: string | null): void {
  const time = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(time)) return;
  // The header has whole seconds: the middle of the second is the best guess.
  const difference = time + 500 - Date.now();
  offsetMs = Math.abs(difference) > toleratedMs ? difference : 0;
}

/** Milliseconds since 1970. */
export function gatewayNow(): number {
  return Date.now() + offsetMs;
}

/** How far the gateway is ahead of this machine; 0 where they agree to within two seconds. */
export function clockOffsetMs(): number {
  return offsetMs;
}
