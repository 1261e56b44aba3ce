/** One run against one server: the load, what it cost the server, and what the store has of it. */
import { childrenCpuSeconds, cpuSeconds, peakBytes } from "../proc.ts";
import type { OnProgress } from "../measure.ts";
import { sendSaveLoad } from "./load.ts";
import type { SaveLoad, SaveResult } from "./result.ts";
import type { SaveServer } from "./servers.ts";
import { countStored } from "../query/series-settled.ts";

export interface SaveMeasured {
  readonly load: SaveResult;
  /** Rows in the store; undefined where there is none. */
  readonly stored: number | undefined;
  /** Undefined where processes cannot be looked at. */
  readonly cpuSeconds: number | undefined;
  /** Of all that the server has started: the embedded PostgreSQL. */
  readonly childrenCpuSeconds: number | undefined;
  readonly peakBytes: number | undefined;
}

export async function measureSave(
  { name, pid, url, dataDir }: SaveServer,
  load: SaveLoad,
  onProgress: OnProgress,
): Promise<SaveMeasured> {
  // No other run has tags of these names.
  const prefix = `${crypto.randomUUID().slice(0, 8)}-`;
  const cpu = () => (pid === undefined ? undefined : cpuSeconds(pid));
  const childrenCpu = () => (pid === undefined ? undefined : childrenCpuSeconds(pid));
  const [ownFrom, childrenFrom] = [cpu(), childrenCpu()];
  const startMs = performance.now();
  const shown = setInterval(
    () => onProgress(name, Math.floor((performance.now() - startMs) / 1000), load.seconds + 1),
    1000,
  );
  const result = await sendSaveLoad(url, prefix, load).finally(() => clearInterval(shown));
  onProgress(name, load.seconds, load.seconds);
  const used = {
    cpuSeconds: difference(cpu(), ownFrom),
    childrenCpuSeconds: difference(childrenCpu(), childrenFrom),
    peakBytes: pid === undefined ? undefined : peakBytes(pid),
  };
  if (dataDir === "") return { load: result, stored: undefined, ...used };
  const stored = await countStored({ url, dataDir }, prefix, result.acknowledged, onProgress);
  return { load: result, stored, ...used };
}

function difference(to: number | undefined, from: number | undefined): number | undefined {
  return to === undefined || from === undefined ? undefined : to - from;
}
