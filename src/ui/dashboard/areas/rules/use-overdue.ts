/** The overdue ids of one rule: a list that is read once, and followed over the tab's socket. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { gatewayNow } from "../../../gateway-time.ts";
import { messageOf } from "../../../http.ts";
import { readLive } from "../../shell/live.ts";
import { type IdState, listIds } from "./api.ts";

/** A row, which stays for a moment after it was resolved. */
export interface OverdueRow extends IdState {
  /** `resolved`, `forgotten`, `reopened`: it is not overdue any more. */
  readonly ended: string | undefined;
}

interface Notice {
  readonly message_id: string;
  readonly state: string;
  readonly missing: readonly string[];
  readonly seen: Readonly<Record<string, string>>;
}

export interface OverdueList {
  /** The longest overdue first; undefined until the first answer. */
  readonly rows: readonly OverdueRow[] | undefined;
  readonly hasMore: boolean;
  readonly more: () => void;
  readonly failure: string | undefined;
}

const pageSize = "200";
/** Drawn at most this often, whatever comes. */
const drawMs = 200;
const endedMs = 4000;
/** Beyond it the counts of the rule go on; the list says how many it has. */
const rowsMax = 100_000;

export function useOverdue(rule: string, hasDeadline: boolean): OverdueList {
  const rows = useRef<Map<string, OverdueRow>>(undefined);
  const [drawn, setDrawn] = useState<readonly OverdueRow[]>();
  const [next, setNext] = useState<string>();
  const [failure, setFailure] = useState<string>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** What came while a page is read: the page may be older. */
  const missed = useRef<Notice[]>([]);
  const reading = useRef({ now: 0, newest: 0 });
  const applyNotice = useRef((_notice: Notice) => {});

  const draw = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      if (rows.current !== undefined) setDrawn([...rows.current.values()]);
    }, drawMs);
  }, []);

  const read = useCallback(
    async (after?: string) => {
      if (reading.current.now++ === 0) missed.current = [];
      if (after === undefined) reading.current.newest++;
      const turn = reading.current.newest;
      try {
        const page = await listIds(rule, { state: "overdue", limit: pageSize, after });
        if (turn !== reading.current.newest) return;
        const known = after === undefined ? new Map<string, OverdueRow>() : rows.current;
        for (const one of page.items) known?.set(one.message_id, { ...one, ended: undefined });
        rows.current = known;
        for (const notice of missed.current) applyNotice.current(notice);
        setNext(page.next);
        setFailure(undefined);
        draw();
      } catch (error) {
        if (turn === reading.current.newest) setFailure(messageOf(error));
      } finally {
        reading.current.now--;
      }
    },
    [rule, draw],
  );

  useEffect(() => {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const apply = (notice: Notice) => {
      const known = rows.current;
      if (known === undefined) return;
      const { message_id: id, state, missing, seen } = notice;
      if (state === "overdue") {
        const overdue_since = new Date(gatewayNow()).toISOString();
        if (known.size < rowsMax) {
          known.set(id, { message_id: id, state, missing, seen, overdue_since, ended: undefined });
        }
      } else {
        const row = known.get(id);
        if (row === undefined) return;
        known.set(id, { ...row, missing, seen, ended: state });
        const gone = setTimeout(() => {
          timers.delete(gone);
          if (known.get(id)?.ended !== undefined) known.delete(id);
          draw();
        }, endedMs);
        timers.add(gone);
      }
      draw();
    };
    applyNotice.current = apply;
    void read();
    if (!hasDeadline) return undefined;
    const live = readLive({ rule }, "live", {
      event: ({ data }) => {
        const notice = data as Notice;
        if (reading.current.now > 0) missed.current.push(notice);
        apply(notice);
      },
      reset: () => void read(),
      // What has changed before the subscription is in effect is in the list that is read after it.
      ready: () => void read(),
      over: (error) => setFailure(error?.message),
    });
    return () => {
      live.close();
      for (const one of timers) clearTimeout(one);
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [rule, hasDeadline, read, draw]);

  const more = useCallback(() => {
    if (next !== undefined) void read(next);
  }, [next, read]);
  return { rows: drawn, hasMore: next !== undefined, more, failure };
}
