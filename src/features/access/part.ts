/** Access: who calls, and what they may do. */

import { Allowances } from "../../core/access/allowance.ts";
import type { Grants } from "../../core/access/grant.ts";
import type { Guard } from "../../core/access/guard.ts";
import { Portions } from "../../core/access/portion.ts";
import type { Principals } from "../../core/access/principals.ts";
import type { Part, Platform } from "../part.ts";
import { AdminKey } from "./admin-key.ts";
import { announceAccess } from "./announce.ts";
import { Attempts } from "./attempts.ts";
import { Certificates } from "./certificates.ts";
import { Expiry } from "./expiry.ts";
import { AccessGuard } from "./guard.ts";
import { accessEndpoints } from "./http/endpoints.ts";
import { mountAccess } from "./http/routes.ts";
import { Keys } from "./keys.ts";
import type { AccessOptions } from "./options.ts";
import { createPrincipals } from "./principals.ts";
import { Ring } from "./ring.ts";
import { Sessions } from "./sessions.ts";
import { createChangeSignal } from "./store/changes.ts";
import { createCredentialStore } from "./store/credential-store.ts";
import { createJwksSource } from "./store/jwks-source.ts";
import { createTicketStore } from "./store/ticket-store.ts";
import { Tickets } from "./tickets.ts";
import { Jwks } from "./tokens/jwks.ts";
import type { TokenOptions } from "./tokens/options.ts";
import { Tokens } from "./tokens/tokens.ts";
import { Verifier } from "./tokens/verify.ts";

export interface AccessPart extends Part {
  readonly guard: Guard;
  readonly principals: Principals;
}

export type AccessDeps = Pick<
  Platform,
  "database" | "clock" | "logger" | "counters" | "bodies" | "host" | "basePath"
>;

/** Throws `unavailable` where the keys cannot be read. */
export async function openAccess(deps: AccessDeps, options: AccessOptions): Promise<AccessPart> {
  const { database, clock, logger, counters } = deps;
  const store = createCredentialStore(database);
  const signal = createChangeSignal(database, logger);
  const expiry = new Expiry(clock);
  const admin = options.adminKey === undefined ? undefined : new AdminKey(options.adminKey);
  const ring = new Ring({ store, signal, expiry, clock, logger, admin });
  const shared = { store, ring, signal, expiry, clock, logger };
  const tickets = new Tickets({ ...shared, store: createTicketStore(database) });
  const sessions = new Sessions(shared);
  const keys = new Keys({ ...shared, hasManager: hasManager(options) });
  const limits = {
    portions: new Portions(),
    allowances:
      options.limits &&
      new Allowances(options.limits, clock, (limit) => counters.limitsHit.add(limit)),
  };
  const guard = new AccessGuard({
    ...limits,
    options,
    ring,
    admin,
    tickets,
    sessions,
    tokens: options.tokens && createTokens(deps, options.tokens, expiry),
    certificates: certificatesOf(options),
    attempts: new Attempts(clock, counters),
  });
  await ring.start();
  announceAccess(logger, { ...options, hasKeys: ring.hasKeys });
  return {
    name: "access",
    guard,
    principals: createPrincipals({ guard, limits, keyCaller: (id) => ring.callerOf(id) }),
    http: (app) => mountAccess(app, { ...deps, keys, tickets, sessions, guard }),
    endpoints: accessEndpoints,
    status: () => ({ access: { closed: guard.isClosed, credentials: ring.size } }),
    async close() {
      expiry.close();
      await ring.close();
    },
  };
}

function createTokens(
  { clock, logger, counters }: AccessDeps,
  options: TokenOptions,
  expiry: Expiry,
): Tokens {
  const onUnknown = () => counters.limitsHit.add("unknown_keys");
  const jwks =
    options.jwks === undefined
      ? undefined
      : new Jwks({ load: createJwksSource(options.jwks), clock, logger, onUnknown });
  return new Tokens(new Verifier(options, jwks, clock), expiry);
}

function certificatesOf({ certificates, anonymous }: AccessOptions): Certificates | undefined {
  if (certificates === undefined) return undefined;
  return new Certificates(certificates, anonymous);
}

/** Whether the settings let somebody manage keys, whatever keys there are. */
function hasManager({ adminKey, anonymous, tokens, certificates }: AccessOptions): boolean {
  const manages = (grants: Grants) => grants.allows("manage", "node", "keys");
  const given = [
    ...(certificates?.values() ?? []),
    ...(anonymous === undefined ? [] : [anonymous]),
  ];
  return adminKey !== undefined || tokens !== undefined || given.some(manages);
}
