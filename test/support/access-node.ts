/** The access feature of one node on a real PostgreSQL, without listeners. */

import type { Allowances } from "../../src/core/access/allowance.ts";
import { parseGrants } from "../../src/core/access/grant.ts";
import { Portions } from "../../src/core/access/portion.ts";
import type { Principals } from "../../src/core/access/principals.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { type LogFields, silent } from "../../src/core/logger.ts";
import { createCounters } from "../../src/core/metrics/counters.ts";
import { AdminKey } from "../../src/features/access/admin-key.ts";
import { Attempts } from "../../src/features/access/attempts.ts";
import { Certificates, parseCertificateGrants } from "../../src/features/access/certificates.ts";
import { Expiry } from "../../src/features/access/expiry.ts";
import { AccessGuard } from "../../src/features/access/guard.ts";
import { Keys } from "../../src/features/access/keys.ts";
import { createPrincipals } from "../../src/features/access/principals.ts";
import { Ring } from "../../src/features/access/ring.ts";
import { Sessions } from "../../src/features/access/sessions.ts";
import { createChangeSignal } from "../../src/features/access/store/changes.ts";
import { createCredentialStore } from "../../src/features/access/store/credential-store.ts";
import { createTicketStore } from "../../src/features/access/store/ticket-store.ts";
import { Tickets } from "../../src/features/access/tickets.ts";
import { Tokens } from "../../src/features/access/tokens/tokens.ts";
import { Verifier } from "../../src/features/access/tokens/verify.ts";
import { openDatabase } from "../../src/postgres/database.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { withPostgres } from "./postgres.ts";

interface NodeOptions {
  readonly adminKey?: string;
  /** Notifications do not reach it. */
  readonly isDeaf?: boolean;
  readonly certificates?: string;
  readonly jwtSecret?: string;
  readonly allowances?: Allowances;
}

export interface AccessNode {
  readonly guard: AccessGuard;
  readonly keys: Keys;
  readonly principals: Principals;
  readonly ring: Ring;
  readonly sessions: Sessions;
  readonly tickets: Tickets;
  readonly log: (readonly [string, LogFields])[];
}

export async function openNode(
  url: string,
  stack: AsyncDisposableStack,
  { adminKey, isDeaf = false, certificates, jwtSecret, allowances }: NodeOptions = {},
): Promise<AccessNode> {
  const database = openDatabase({ url });
  stack.defer(() => database.close());
  const log: (readonly [string, LogFields])[] = [];
  const logger = (level: string, message: string, fields: LogFields = {}) =>
    void log.push([`${level} ${message}`, fields]);
  const store = createCredentialStore(database);
  const real = createChangeSignal(database, silent);
  const signal = isDeaf ? { ...real, listen: () => {} } : real;
  const admin = adminKey === undefined ? undefined : new AdminKey(adminKey);
  const clock = systemClock;
  const expiry = new Expiry(clock);
  stack.defer(() => expiry.close());
  const ring = new Ring({ store, signal, expiry, clock, logger, admin });
  await ring.start();
  stack.defer(() => ring.close());
  const options = { anonymous: undefined, isOpenByDefault: true };
  const attempts = new Attempts(clock, createCounters());
  const shared = { store, ring, signal, expiry, clock, logger };
  const sessions = new Sessions(shared);
  const tickets = new Tickets({ ...shared, store: createTicketStore(database) });
  const limits = { portions: new Portions(), allowances };
  const guard = new AccessGuard({
    ...limits,
    options,
    ring,
    admin,
    attempts,
    sessions,
    tickets,
    tokens: jwtSecret === undefined ? undefined : tokensBy(jwtSecret, expiry),
    certificates:
      certificates === undefined
        ? undefined
        : new Certificates(parseCertificateGrants(certificates, "certificates")),
  });
  const hasManager = admin !== undefined;
  const keyCaller = (id: string) => ring.callerOf(id);
  const principals = createPrincipals({ guard, limits, keyCaller });
  const keys = new Keys({ ...shared, hasManager });
  return { guard, ring, log, keys, principals, sessions, tickets };
}

function tokensBy(secret: string, expiry: Expiry): Tokens {
  const any = { jwks: undefined, issuer: undefined, audience: undefined };
  const options = { ...any, secret, clockSkewMs: 0, grantsClaim: "grants" };
  return new Tokens(new Verifier(options, undefined, systemClock), expiry);
}

export async function withNodes(use: (open: typeof openNode, url: string) => Promise<void>) {
  await withPostgres(async (url) => {
    await migrate({ url });
    await use(openNode, url);
  });
}

export async function failureOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "none";
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

export const bearer = (key: string) => ({
  authorization: `Bearer ${key}`,
  address: () => "127.0.0.1",
});
export const manager = {
  name: "admin",
  grants: parseGrants("manage *, read *"),
  expiresMs: undefined,
};
