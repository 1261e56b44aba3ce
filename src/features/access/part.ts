/** Access: who calls, and what they may do. */

import type { Guard } from "../../core/access/guard.ts";
import type { Foundation, Part } from "../part.ts";
import { AdminKey } from "./admin-key.ts";
import { announceAccess } from "./announce.ts";
import { Attempts } from "./attempts.ts";
import { AccessGuard } from "./guard.ts";
import { accessEndpoints } from "./http/endpoints.ts";
import { mountAccess } from "./http/routes.ts";
import { Keys } from "./keys.ts";
import type { AccessOptions } from "./options.ts";
import { Ring } from "./ring.ts";
import { createChangeSignal } from "./store/changes.ts";
import { createCredentialStore } from "./store/credential-store.ts";

export interface AccessPart extends Part {
  readonly guard: Guard;
}

/** Throws `unavailable` where the keys cannot be read. */
export async function openAccess(
  foundation: Foundation,
  options: AccessOptions,
): Promise<AccessPart> {
  const { database, clock, logger, counters } = foundation;
  const store = createCredentialStore(database);
  const signal = createChangeSignal(database, logger);
  const admin = options.adminKey === undefined ? undefined : new AdminKey(options.adminKey);
  const otherParent = (id: string) => (admin?.id === id ? admin.caller : undefined);
  const ring = new Ring({ store, signal, clock, logger, otherParent });
  const attempts = new Attempts(clock, counters);
  const guard = new AccessGuard({ options, ring, admin, attempts });
  const hasManager = admin !== undefined || mayManageKeys(options);
  const keys = new Keys({ store, ring, signal, clock, logger, hasManager });
  await ring.start();
  announceAccess(logger, { ...options, hasKeys: ring.hasKeys });
  return {
    name: "access",
    guard,
    http: (app) => mountAccess(app, { ...foundation, keys }),
    endpoints: accessEndpoints,
    status: () => ({
      access: {
        closed: guard.isClosed,
        credentials: ring.size,
      },
    }),
    close: () => ring.close(),
  };
}

function mayManageKeys({ anonymous }: AccessOptions): boolean {
  return anonymous?.allows("manage", "node", "keys") ?? false;
}
