/** Parses names of subjects and numbers of versions. */

import { quoted } from "../../core/failure.ts";
import { RegistryFailure } from "./registry-port.ts";

const charsMax = 255;
const versionMax = 2 ** 31 - 1;

/** Returns the name, or throws `invalid_subject`. */
export function parseSubject(name: string): string {
  // Control characters are never intended in a name, and cannot be displayed.
  const plain = name.length > 0 && name.length <= charsMax && mayBeStored(name);
  if (plain && !name.startsWith(":.") && !name.startsWith("__")) return name;
  throw new RegistryFailure(
    "invalid_subject",
    `Cannot use subject ${quoted(name)}: expected 1 to ${charsMax} characters, no control characters, beginning with neither ":." nor "__"`,
  );
}

/** No name has control characters, and PostgreSQL refuses to compare with NUL. */
export function mayBeStored(name: string): boolean {
  return !/\p{Cc}|\p{Cs}/u.test(name);
}

/** Ids and versions are below 2^31; PostgreSQL refuses to compare with others. */
export function mayBeNumber(number: number): boolean {
  return number >= 1 && number <= versionMax;
}

/** A version's number, or "latest" (also -1); throws `invalid_version`. */
export function parseVersion(text: string): number | "latest" {
  if (text === "latest" || text === "-1") return "latest";
  const version = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (mayBeNumber(version)) return version;
  throw new RegistryFailure(
    "invalid_version",
    `Cannot use version ${quoted(text)}: expected a whole number from 1 to ${versionMax}, or "latest"`,
  );
}
