/** What the log says at the start: whether the gateway is open, to whom, and how that is changed. */

import { renderGrant } from "../../core/access/grant.ts";
import type { Logger } from "../../core/logger.ts";
import type { AccessOptions } from "./options.ts";

const firstKey =
  "set SLUICE_ADMIN_KEY, or create a key: sluice key create admin --grant 'read *' --grant 'append *' --grant 'manage *'";

export function announceAccess(
  logger: Logger,
  options: AccessOptions & { readonly hasKeys: boolean },
): void {
  const { anonymous, isOpenByDefault, adminKey, tokens, certificates, hasKeys } = options;
  const settings = [anonymous, adminKey, tokens, certificates];
  const isConfigured = hasKeys || settings.some((one) => one !== undefined);
  if (!isConfigured && isOpenByDefault) {
    logger("info", "the gateway is open: everybody who reaches it may do everything", {
      to_close: firstKey,
    });
    return;
  }
  if (!isConfigured) {
    logger("warn", "the gateway is closed, and there is no credential for it", {
      to_use:
        "set SLUICE_ADMIN_KEY and create keys with it; or SLUICE_INSECURE=1 where everybody who reaches this address may do everything",
    });
    return;
  }
  logger("info", "the gateway is closed: callers need a credential", {
    anonymous: anonymous?.list.map(renderGrant).join(", ") || "nothing",
    admin_key: adminKey !== undefined,
    keys: hasKeys,
    tokens: tokens !== undefined,
    certificates: certificates !== undefined,
  });
}
