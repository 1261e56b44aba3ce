/** The settings of who may call this gateway. */

import { Grants, parseGrants } from "../core/access/grant.ts";
import { failureFrom } from "../core/failure.ts";
import { adminKeyCharsMin } from "../features/access/options.ts";
import type { SecretSource } from "./secret-source.ts";
import type { Settings } from "./settings.ts";

export interface AccessConfig {
  /** What callers without a credential may do; undefined: everything while the gateway is open. */
  readonly anonymous: Grants | undefined;
  /** Whether it is open as long as nothing is configured and no key exists. */
  readonly isOpenByDefault: boolean;
  readonly adminKey: SecretSource | undefined;
}

/** `isTrusted`: everybody who reaches the listeners may do everything, unless it is configured. */
export function parseAccess(read: Settings, isTrusted: boolean): AccessConfig {
  return {
    anonymous: parseAnonymous(read),
    isOpenByDefault: isTrusted,
    adminKey: read.secret("SLUICE_ADMIN_KEY", "SLUICE_ADMIN_KEY_FILE", adminKeyCharsMin),
  };
}

/** `none` is the setting that closes a gateway on loopback before there is a key. */
function parseAnonymous(read: Settings): Grants | undefined {
  const text = read.optional("SLUICE_ANONYMOUS_GRANTS");
  if (text === undefined) return undefined;
  if (text.trim() === "none") return Grants.none;
  try {
    return new Grants(parseGrants(text));
  } catch (error) {
    read.problem(`SLUICE_ANONYMOUS_GRANTS: ${failureFrom(error).message}`);
    return undefined;
  }
}
