/**
 * Who uses the page, and what they may do. The page itself is public: it asks the gateway first.
 * When a session ends, what is shown stays, and everything goes on once somebody has signed in again.
 */

import { useEffect, useState } from "preact/hooks";
import { gatewayNow } from "../../gateway-time.ts";
import { messageOf, onUnauthenticated } from "../../http.ts";
import { type Me, readMe, signIn, signOut } from "../../me.ts";

export interface Session {
  readonly me: Me | undefined;
  /** Since when nobody is signed in, in milliseconds of the gateway; undefined while somebody is, or nobody needs to be. */
  readonly endedAt: number | undefined;
  /** Whether somebody was signed in before. */
  readonly hadBegun: boolean;
  readonly failure: string | undefined;
  /** Counts the sessions of this visit: who reads with one starts again with the next. */
  readonly number: number;
}

const retryMs = 2000;

let session: Session = {
  me: undefined,
  endedAt: undefined,
  hadBegun: false,
  failure: undefined,
  number: 0,
};
const listeners = new Set<(session: Session) => void>();

export function currentSession(): Session {
  return session;
}

export function onSession(listener: (session: Session) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function useSession(): Session {
  const [shown, setShown] = useState(session);
  useEffect(() => {
    setShown(session);
    return onSession(setShown);
  }, []);
  return shown;
}

export function useMe(): Me | undefined {
  return useSession().me;
}

function change(changes: Partial<Session>): void {
  session = { ...session, ...changes };
  for (const listener of [...listeners]) listener(session);
}

/** Asks until the gateway answers. */
export async function beginSession(): Promise<void> {
  onUnauthenticated(() => endSession());
  for (;;) {
    try {
      return begun(await readMe());
    } catch (error) {
      change({ failure: messageOf(error) });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

function begun(me: Me): void {
  // A gateway that is closed has nothing for a caller without a grant.
  const isStranger = me.closed && me.grants.length === 0;
  change({
    me,
    endedAt: isStranger ? (session.endedAt ?? gatewayNow()) : undefined,
    hadBegun: session.hadBegun || !isStranger,
    failure: undefined,
    number: session.number + 1,
  });
}

/** The gateway no longer knows the credential of this page. */
export function endSession(): void {
  if (session.endedAt === undefined) change({ endedAt: gatewayNow() });
}

/** Asks whether the gateway still knows the page, where something else has failed. */
export async function checkSession(): Promise<void> {
  if (session.me === undefined || session.endedAt !== undefined) return;
  try {
    const { closed, grants } = await readMe();
    if (closed && grants.length === 0) endSession();
  } catch {
    // A gateway that does not answer says nothing about the session; a refusal ends it where it is read.
  }
}

/** Throws `Refused` for a key that the gateway does not take. */
export async function enter(key: string): Promise<void> {
  await signIn(key.trim());
  begun(await readMe());
}

export async function leave(): Promise<void> {
  await signOut();
  begun(await readMe());
}

/** Whether the caller may do it, to `topic:orders`; for everything of a kind, `topic:*`. */
export function may(
  me: Me | undefined,
  action: "read" | "append" | "manage",
  resource: string,
): boolean {
  if (me === undefined) return false;
  if (!me.closed) return true;
  return me.grants.some((grant) => {
    const [given = "", target = ""] = grant.split(/ (.*)/s);
    return given === action && covers(target, resource);
  });
}

/** Whether the caller may do something, or `action`, to anything of a kind: `topic`. */
export function mayAny(
  me: Me | undefined,
  kind: string,
  action?: "read" | "append" | "manage",
): boolean {
  if (me === undefined) return false;
  if (!me.closed) return true;
  return me.grants.some((grant) => {
    const [given, target = ""] = grant.split(/ (.*)/s);
    if (action !== undefined && given !== action) return false;
    return target === "*" || target.startsWith(`${kind}:`);
  });
}

function covers(target: string, resource: string): boolean {
  if (target === resource) return true;
  return target.endsWith("*") && resource.startsWith(target.slice(0, -1));
}
