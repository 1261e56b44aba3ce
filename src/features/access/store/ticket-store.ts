/** Tickets as rows. */

import { eq, lt, sql } from "drizzle-orm";
import { parseGrant, renderGrant } from "../../../core/access/grant.ts";
import type { Database } from "../../../postgres/database.ts";
import type { TicketStore } from "../tickets.ts";
import { accessTickets } from "./tables.ts";

export function createTicketStore({ leases: db, run }: Database): TicketStore {
  const { hash: hashColumn, expiresAt } = accessTickets;
  return {
    async create(hash, { grants, origin, principal, expiresMs }) {
      const { kind, id, name, expiresMs: endMs } = principal;
      const until = endMs === undefined ? {} : { expiresMs: endMs };
      await run(() =>
        db.insert(accessTickets).values({
          hash,
          grants: grants.map(renderGrant),
          origin: origin ?? null,
          principal: { kind, id, name, ...until },
          expiresAt: new Date(expiresMs),
        }),
      );
      // Those that nobody used; an index finds them.
      await run(() =>
        db.delete(accessTickets).where(lt(expiresAt, sql`now() - interval '1 minute'`)),
      );
    },

    async take(hash) {
      const [row] = await run(() =>
        db.delete(accessTickets).where(eq(hashColumn, hash)).returning(),
      );
      if (row === undefined) return undefined;
      return {
        grants: row.grants.map((text) => parseGrant(text)),
        origin: row.origin ?? undefined,
        principal: row.principal,
        expiresMs: row.expiresAt.getTime(),
      };
    },
  };
}
