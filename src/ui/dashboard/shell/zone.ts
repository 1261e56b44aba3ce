/** The zone in which the page shows times: UTC or this machine's. It is in the address, `tz=utc`. */

import type { Zone } from "../kit/time-text.ts";
import { setQuery, usePlace } from "./place.ts";

export function useZone(): readonly [Zone, (zone: Zone) => void] {
  const { query } = usePlace();
  const zone = query.get("tz") === "utc" ? "utc" : "local";
  return [zone, (next) => setQuery({ tz: next === "utc" ? "utc" : undefined })];
}
