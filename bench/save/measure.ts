/** One run against one server: the load, what it cost the server, and how much of it the store contains. */

import type { OnProgress } from "../runs.ts";
import { countStored } from "../series/settled.ts";
import { type Usage, usageOf, usageSince } from "../usage.ts";
import { sendSaveLoad } from "./load.ts";
import type { SaveLoad, SaveResult } from "./result.ts";
import type { SaveServer } from "./servers.ts";

export interface SaveMeasured extends Usage {
  readonly load: SaveResult;
  /** Number of rows in the store; undefined for a server without one. */
  readonly stored: number | undefined;
}

export async function measureSave(
  { name, pid, url, dataDir }: SaveServer,
  load: SaveLoad,
  onProgress: OnProgress,
): Promise<SaveMeasured> {
  // No other run uses tags with this prefix.
  const prefix = `${crypto.randomUUID().slice(0, 8)}-`;
  const before = usageOf(pid);
  const startMs = performance.now();
  const shown = setInterval(
    () => onProgress(name, Math.floor((performance.now() - startMs) / 1000), load.seconds + 1),
    1000,
  );
  const result = await sendSaveLoad(url, prefix, load).finally(() => clearInterval(shown));
  onProgress(name, load.seconds, load.seconds);
  const used = usageSince(before, usageOf(pid));
  if (dataDir === "") return { load: result, stored: undefined, ...used };
  const stored = await countStored({ url, dataDir }, prefix, result.acknowledged, onProgress);
  return { load: result, stored, ...used };
}
