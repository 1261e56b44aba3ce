/** The answers that a plot is drawn from. The old picture stays until the new one is there. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { messageOf } from "../../../http.ts";
import { Follow } from "./follow/follow.ts";
import { readRecent } from "./list.ts";
import { boundsOf, type Loaded, loadPlot } from "./load.ts";
import { type PlotView, renderShown, type Shown } from "./view.ts";

export interface PlotState {
  readonly loaded: Loaded | undefined;
  /** Why the newest request failed; what is shown is older. */
  readonly failure: string | undefined;
  readonly isLoading: boolean;
}

const cellsMin = 50;
const cellsMax = 1000;
const cellStep = 50;
const retryMs = 2000;

/** `px`: pixels for points, undefined until they are known. */
export function usePlot(view: PlotView, px: number | undefined): PlotState {
  const [state, setState] = useState<PlotState>({
    loaded: undefined,
    failure: undefined,
    isLoading: true,
  });
  const key = JSON.stringify([view.shown.map(renderShown), view.fill, rangeKey(view), view.isLive]);
  const own = useMemo(() => view, [key]);
  const cells = px === undefined ? undefined : cellsFor(px);
  const running = useRef<AbortController | undefined>(undefined);
  const pauses = usePauses(own.shown);

  const isFollowing = own.isLive && "lastNs" in own.range;
  const load = useCallback(async () => {
    if (cells === undefined || own.shown.length === 0 || isFollowing) return;
    running.current?.abort();
    const turn = new AbortController();
    running.current = turn;
    setState((old) => ({ ...old, isLoading: true }));
    try {
      const loaded = await loadPlot(own, boundsOf(own.range), cells, turn.signal);
      // A later request has begun: its answer counts, whichever comes first.
      if (!turn.signal.aborted) setState({ loaded, failure: undefined, isLoading: false });
    } catch (error) {
      if (turn.signal.aborted) return;
      setState((old) => ({ ...old, failure: messageOf(error), isLoading: false }));
    }
  }, [own, cells, isFollowing]);
  useEffect(() => {
    void load();
    return () => running.current?.abort();
  }, [load]);
  useRetries(load, state.failure !== undefined && !state.isLoading && !isFollowing);

  useEffect(() => {
    const { range, shown } = own;
    if (cells === undefined || shown.length === 0 || !own.isLive || !("lastNs" in range)) {
      return undefined;
    }
    setState((old) => ({ ...old, isLoading: true }));
    const follow = new Follow(own, range.lastNs, cells, ({ loaded, failure }) =>
      setState({ loaded, failure, isLoading: false }),
    );
    return () => follow.close();
  }, [own, cells]);

  return useMemo(() => {
    const { loaded } = state;
    if (loaded === undefined) return state;
    const answered = loaded.answered.map((each) => ({
      ...each,
      pauseNs: pauses.get(each.shown.tag),
    }));
    return { ...state, loaded: { ...loaded, answered } };
  }, [state, pauses]);
}

/** In steps, so that a scroll bar that comes and goes changes nothing. */
function cellsFor(px: number): number {
  return Math.min(cellsMax, Math.max(cellsMin, Math.floor(px / cellStep) * cellStep));
}

function rangeKey({ range }: PlotView): string {
  return "lastNs" in range ? `last ${range.lastNs}` : `${range.startNs} ${range.endNs}`;
}

/** An answer that did not come is requested again, once the page is looked at. */
function useRetries(load: () => Promise<void>, isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const again = () => {
      if (!document.hidden) void load();
    };
    const timer = setInterval(again, retryMs);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [load, isOn]);
}

const noPauses: ReadonlyMap<string, bigint> = new Map();

/** How long each tag usually pauses: a longer silence is a gap. */
function usePauses(shown: readonly Shown[]): ReadonlyMap<string, bigint> {
  const [pauses, setPauses] = useState(noPauses);
  const key = JSON.stringify([...new Set(shown.map(({ tag }) => tag))].slice(0, 100));
  useEffect(() => {
    const tags = JSON.parse(key) as string[];
    if (tags.length === 0) return undefined;
    const turn = new AbortController();
    readRecent(tags, turn.signal).then(
      ({ series }) => {
        const known = series.flatMap(({ tag, pauseNs }) =>
          pauseNs === undefined ? [] : [[tag, pauseNs] as const],
        );
        if (!turn.signal.aborted) setPauses(new Map(known));
      },
      // Without them a gap is a silence of two cells.
      () => {},
    );
    return () => turn.abort();
  }, [key]);
  return pauses;
}
