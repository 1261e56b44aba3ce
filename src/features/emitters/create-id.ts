/** Random ids: of emitters whose caller chose none, of leases, and of a process's batches. */

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Twelve characters of 36, about 62 bits: short enough to type, too many to guess. */
export function createId(): string {
  let id = "";
  while (id.length < 12) {
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
      // 252 is the last multiple of 36 in a byte; bytes above it would favour some characters.
      if (byte < 252 && id.length < 12) id += alphabet[byte % 36] ?? "";
    }
  }
  return id;
}
