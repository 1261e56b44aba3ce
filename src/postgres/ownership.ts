/**
 * Ownership by PostgreSQL's session-level advisory locks: one session has the locks of all names that
 * a node owns, and the server releases them with the session.
 *
 * A killed process closes its socket, which releases its names at once. For a host that vanished
 * without closing, the session has the server probe it: after 2 s of silence come two probes a second
 * apart, then the session ends (4 s). The node itself gives up earlier: a heartbeat that is not answered
 * within 2 s counts as loss. A pooler that shares one session among clients would break this.
 */

import type { Sql } from "postgres";
import { type Clock, sleep } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import type { Owned, Ownership } from "../core/projection.ts";
import { connect, type DatabaseAddress, defaultSchema } from "./connect.ts";

export interface OwnershipOptions extends DatabaseAddress {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PostgresOwnership extends Ownership {
  /** Names that are this node's, in the order in which it got them. */
  owned(): readonly string[];
  /** Gives up all names. */
  close(): Promise<void>;
}

const pollMs = 1000;
const heartbeatMs = 500;
/** Counted in heartbeats, not time: a blocked event loop must not look like a dead server. */
const missedMax = 4;

export function createOwnership(options: OwnershipOptions): PostgresOwnership {
  const { clock, logger } = options;
  let session: OwnershipSession | undefined;
  let isClosed = false;

  async function acquireOnce(name: string): Promise<Owned | undefined> {
    if (session === undefined || session.isLost) session = new OwnershipSession(options);
    return await session.tryAcquire(name);
  }

  return {
    async acquire(name, signal) {
      while (!signal.aborted && !isClosed) {
        try {
          const owned = await acquireOnce(name);
          if (owned !== undefined && !signal.aborted) return owned;
          await owned?.release();
        } catch (error) {
          logger("debug", "acquiring ownership failed; retrying", { name, error: String(error) });
        }
        // Jitter, so that nodes that lost the server together do not all return together.
        await sleep(clock, pollMs * (0.8 + 0.4 * Math.random()), signal);
      }
      throw new Failure("cancelled", `Gave up waiting for the ownership of "${name}"`);
    },
    owned: () => session?.owned ?? [],
    async close() {
      isClosed = true;
      await session?.end();
    },
  };
}

class OwnershipSession {
  readonly #options: OwnershipOptions;
  readonly #schema: string;
  readonly #sql: Sql;
  readonly #owned = new Map<string, AbortController>();
  /** Those of `#owned` whose lock is this session's: the others are still being asked. */
  readonly #acquired = new Set<string>();
  #isLost = false;
  #unanswered = 0;
  #ready: Promise<void> | undefined;
  #cancelHeartbeat = () => {};

  constructor(options: OwnershipOptions) {
    const { url, schema = defaultSchema, tls } = options;
    this.#options = options;
    this.#schema = schema;
    this.#sql = connect(
      { url, schema, tls },
      {
        max: 1,
        connect_timeout: 4,
        // It must not end on its own: its locks would go with it.
        idle_timeout: 0,
        max_lifetime: 0,
        keep_alive: 1,
        // postgres.js would reconnect, to a session without the locks.
        onclose: () => this.#lose("its connection closed"),
        session: { application_name: "sluice-ownership", statement_timeout: 2000 },
      },
    );
  }

  get owned(): readonly string[] {
    return [...this.#acquired];
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async tryAcquire(name: string): Promise<Owned | undefined> {
    await (this.#ready ??= this.#start());
    // Advisory locks are re-entrant within a session, so a second owner in this node is refused here.
    if (this.#owned.has(name) || this.#isLost) return undefined;
    const lost = new AbortController();
    this.#owned.set(name, lost);
    try {
      if (await this.#tryLock(name)) {
        if (this.#isLost) return undefined;
        this.#acquired.add(name);
        return { lost: lost.signal, release: () => this.#release(name, lost) };
      }
    } catch (error) {
      // Whether the lock was acquired is unknown; ending the session releases it.
      this.#lose("a lock request failed");
      throw error;
    }
    this.#owned.delete(name);
    return undefined;
  }

  async end(): Promise<void> {
    for (const lost of this.#owned.values()) lost.abort();
    this.#owned.clear();
    this.#acquired.clear();
    this.#lose("it was closed");
    await this.#sql.end({ timeout: 1 });
  }

  async #start(): Promise<void> {
    // One by one: not every platform of a server knows each of them.
    for (const [setting, value] of Object.entries(vanishedHostSettings)) {
      await this.#sql`select set_config(${setting}, ${value}, false)`.catch((error: unknown) =>
        this.#options.logger("debug", "keepalive setting refused", {
          setting,
          error: String(error),
        }),
      );
    }
    if (!this.#isLost) this.#beat();
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(heartbeatMs, () => {
      if (this.#unanswered >= missedMax) return this.#lose("the server does not answer");
      if (this.#unanswered === 0) {
        this.#sql`select 1`.then(
          () => (this.#unanswered = 0),
          () => this.#lose("a heartbeat failed"),
        );
      }
      this.#unanswered++;
      this.#beat();
    });
  }

  #lose(why: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#cancelHeartbeat();
    const names = this.#owned.size;
    if (names > 0) this.#options.logger("warn", `lost the ownership session: ${why}`, { names });
    for (const lost of this.#owned.values()) lost.abort();
    this.#owned.clear();
    this.#acquired.clear();
    // The connection ends either way; what it reports about that is expected.
    void this.#sql.end({ timeout: 0 }).catch(() => {});
  }

  async #release(name: string, lost: AbortController): Promise<void> {
    if (this.#isLost || this.#owned.get(name) !== lost) return;
    try {
      await this.#sql`select pg_advisory_unlock(hashtextextended(${this.#lockOf(name)}, 0))`;
      this.#owned.delete(name);
      this.#acquired.delete(name);
    } catch {
      this.#lose("releasing a name failed");
    }
  }

  async #tryLock(name: string): Promise<boolean> {
    const [row] = await this.#sql<{ got: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended(${this.#lockOf(name)}, 0)) as got`;
    return row?.got === true;
  }

  /** Another one in each schema: two gateways in one database are not rivals. */
  #lockOf(name: string): string {
    return `${this.#schema}:${name}`;
  }
}

const vanishedHostSettings = {
  tcp_keepalives_idle: "2",
  tcp_keepalives_interval: "1",
  tcp_keepalives_count: "2",
  // The same for an answer on its way, to which keepalive does not apply.
  tcp_user_timeout: "4000",
} as const;
