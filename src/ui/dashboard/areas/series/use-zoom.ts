/** Zooms are addresses: a new query at a new resolution, and a step back in the browser's history. */

import { useEffect, useRef, useState } from "preact/hooks";
import { setQuery } from "../../shell/place.ts";
import type { Loaded } from "./load.ts";
import { type PlotView, queryFromView, rangeBetween } from "./view.ts";

export interface Zoom {
  readonly to: (fromNs: bigint, toNs: bigint) => void;
  readonly out: () => void;
  /** Shows what is earlier or later at the same zoom; 1 is by the width of the range, to what is later. */
  readonly pan: (widths: number) => void;
  /** Whether a zoom has ended the following of what comes. */
  readonly hasEndedLive: boolean;
}

/** Each zoom is an entry in the browser's history: going back zooms out. */
export function useZoom(view: PlotView, loaded: Loaded | undefined): Zoom {
  const depth = useRef(0);
  const [hasEndedLive, setEndedLive] = useState(false);
  useEffect(() => {
    if (view.isLive) setEndedLive(false);
  }, [view.isLive]);
  useEffect(() => {
    const isBack = () => void (depth.current = Math.max(0, depth.current - 1));
    addEventListener("popstate", isBack);
    return () => removeEventListener("popstate", isBack);
  }, []);
  const to = (fromNs: bigint, toNs: bigint) => {
    depth.current++;
    if (view.isLive) setEndedLive(true);
    const next = { ...view, range: rangeBetween(fromNs, toNs), isLive: false };
    setQuery(queryFromView(next), { replace: false });
  };
  const out = () => {
    if (depth.current > 0) return history.back();
    if (loaded === undefined) return;
    const { startNs, endNs } = loaded;
    const half = (endNs - startNs) / 2n;
    to(startNs - half, endNs + half);
  };
  const pan = (widths: number) => {
    // From the range that was chosen last, which may not be loaded yet.
    const range = "lastNs" in view.range ? loaded : view.range;
    if (range === undefined) return;
    const { startNs, endNs } = range;
    const byNs = ((endNs - startNs) * BigInt(Math.round(widths * 100))) / 100n;
    if (view.isLive) setEndedLive(true);
    const moved = rangeBetween(startNs + byNs, endNs + byNs);
    // No entry in the history: that is for zooms, and going back zooms out.
    setQuery(queryFromView({ ...view, range: moved, isLive: false }));
  };
  return { to, out, pan, hasEndedLive };
}
