/** What the settings say about who may call this gateway. */

import type { AllowanceLimits } from "../../core/access/allowance.ts";
import type { Grants } from "../../core/access/grant.ts";
import type { CertificateGrants } from "./certificates.ts";
import type { TokenOptions } from "./tokens/options.ts";

export interface AccessOptions {
  /** What callers without a credential may do; undefined: everything while the gateway is open. */
  readonly anonymous: Grants | undefined;
  /** Whether it is open as long as nothing is configured and no key exists. */
  readonly isOpenByDefault: boolean;
  /** A key with all grants. */
  readonly adminKey: string | undefined;
  /** Undefined: tokens are not accepted. */
  readonly tokens: TokenOptions | undefined;
  /** Undefined: client certificates say nothing about the caller. */
  readonly certificates: CertificateGrants | undefined;
  /** What each caller may use of this node; undefined: as much as there is. */
  readonly limits: AllowanceLimits | undefined;
}

/** Of the key in the settings: shorter ones can be guessed. */
export const adminKeyCharsMin = 32;
export const keysMax = 10_000;
