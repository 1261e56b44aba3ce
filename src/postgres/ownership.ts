/**
 * Ownership by PostgreSQL's session-level advisory locks: one session holds all names of a node,
 * and the server frees them with the session.
 *
 * A killed process closes its socket, which frees its names at once. For a host that vanished
 * without a word, the session asks the server to probe: silent for 2 s, two probes a second apart,
 * then the session ends (4 s). The node itself gives up earlier: a heartbeat that is not answered
 * within 2 s counts as loss. A pooler that gives one session to several clients must not stand
 * between.
 */
import type { Sql } from "postgres";
import { sleep, type Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import type { Owned, Ownership } from "../core/projection.ts";
import { connect, defaultSchema, type DatabaseAddress } from "./connect.ts";

export interface OwnershipOptions extends DatabaseAddress {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PostgresOwnership extends Ownership {
  /** Gives up all names. */
  close(): Promise<void>;
}

const pollMs = 1000;
const heartbeatMs = 500;
/** Counted in heartbeats, not time: a blocked event loop must not look like a dead server. */
const missedMax = 4;

export function createOwnership(options: OwnershipOptions): PostgresOwnership {
  const { clock, logger } = options;
  let session: Session | undefined;
  let closed = false;

  async function acquireOnce(name: string): Promise<Owned | undefined> {
    if (session === undefined || session.lost) session = openSession(options);
    return await session.tryAcquire(name);
  }

  return {
    async acquire(name, signal) {
      while (!signal.aborted && !closed) {
        try {
          const owned = await acquireOnce(name);
          if (owned !== undefined && !signal.aborted) return owned;
          await owned?.release();
        } catch (error) {
          logger("debug", "asking for ownership failed", { name, error: String(error) });
        }
        // Jitter, so that nodes that lost the server together do not all return together.
        await sleep(clock, pollMs * (0.8 + 0.4 * Math.random()), signal);
      }
      throw new Failure("cancelled", `Gave up waiting for the ownership of "${name}"`);
    },
    async close() {
      closed = true;
      await session?.end();
    },
  };
}

interface Session {
  readonly lost: boolean;
  tryAcquire(name: string): Promise<Owned | undefined>;
  end(): Promise<void>;
}

function openSession({ url, schema = defaultSchema, clock, logger }: OwnershipOptions): Session {
  const held = new Map<string, AbortController>();
  let lost = false;
  let unanswered = 0;
  let ready: Promise<void> | undefined;
  let cancelHeartbeat = () => {};

  const sql = connect(
    { url, schema },
    {
      max: 1,
      connect_timeout: 4,
      // Ends only when told to: its locks go with it.
      idle_timeout: 0,
      max_lifetime: 0,
      keep_alive: 1,
      // postgres.js would connect anew by itself, to a session without the locks.
      onclose: () => lose("its connection closed"),
      session: { application_name: "sluice-ownership", statement_timeout: 2000 },
    },
  );

  /** Gateways of two schemas in one database are not rivals. */
  const lockOf = (name: string) => `${schema}:${name}`;

  function lose(why: string): void {
    if (lost) return;
    lost = true;
    cancelHeartbeat();
    if (held.size > 0) logger("warn", `lost the ownership session: ${why}`, { names: held.size });
    for (const controller of held.values()) controller.abort();
    held.clear();
    // Whatever the connection still has to say, its end is what is expected.
    void sql.end({ timeout: 0 }).catch(() => {});
  }

  function beat(): void {
    cancelHeartbeat = clock.after(heartbeatMs, () => {
      if (unanswered >= missedMax) return lose("the server does not answer");
      if (unanswered === 0) {
        sql`select 1`.then(
          () => (unanswered = 0),
          () => lose("a heartbeat failed"),
        );
      }
      unanswered++;
      beat();
    });
  }

  async function start(): Promise<void> {
    // Asked for one by one: not every platform of a server knows each of them.
    for (const [setting, value] of Object.entries(vanishedHostSettings)) {
      await sql`select set_config(${setting}, ${value}, false)`.catch((error: unknown) =>
        logger("debug", "a keepalive setting was refused", { setting, error: String(error) }),
      );
    }
    if (!lost) beat();
  }

  return {
    get lost() {
      return lost;
    },
    async tryAcquire(name) {
      await (ready ??= start());
      // Advisory locks are re-entrant within a session: this node's own rivals are told apart here.
      if (held.has(name) || lost) return undefined;
      const controller = new AbortController();
      held.set(name, controller);
      try {
        if (await tryLock(sql, lockOf(name))) {
          if (lost) return undefined;
          return { lost: controller.signal, release: () => release(name, controller) };
        }
      } catch (error) {
        // Whether the lock was given is unknown: the session's end gives it back.
        lose("a lock request failed");
        throw error;
      }
      held.delete(name);
      return undefined;
    },
    async end() {
      for (const controller of held.values()) controller.abort();
      held.clear();
      lose("it was closed");
      await sql.end({ timeout: 1 });
    },
  };

  async function release(name: string, controller: AbortController): Promise<void> {
    if (lost || held.get(name) !== controller) return;
    try {
      await sql`select pg_advisory_unlock(hashtextextended(${lockOf(name)}, 0))`;
      held.delete(name);
    } catch {
      lose("giving a name back failed");
    }
  }
}

const vanishedHostSettings = {
  tcp_keepalives_idle: "2",
  tcp_keepalives_interval: "1",
  tcp_keepalives_count: "2",
  // The same for an answer on its way, to which keepalive does not apply.
  tcp_user_timeout: "4000",
} as const;

async function tryLock(sql: Sql, lock: string): Promise<boolean> {
  const [row] = await sql<{ got: boolean }[]>`
    select pg_try_advisory_lock(hashtextextended(${lock}, 0)) as got`;
  return row?.got === true;
}
