/** Bounds that this node, or all nodes together, come near to: at nine tenths of one it is a problem. */

import { statfs } from "node:fs/promises";
import type { Finding } from "../../features/nodes/problems.ts";
import type { Part, Platform } from "../../features/part.ts";
import type { Config } from "../config.ts";
import type { GatewayHealth } from "../health.ts";

export interface BoundDeps extends Pick<Platform, "node" | "hub" | "memory"> {
  readonly config: Config;
  readonly health: Pick<GatewayHealth, "connections" | "port">;
}

const near = 0.9;

interface Bound {
  /** As in "subscriptions of this node". */
  readonly what: string;
  readonly used: number;
  readonly max: number;
  readonly setting?: string;
}

export async function boundFindings(
  deps: BoundDeps,
  parts: readonly Part[],
): Promise<readonly Finding[]> {
  const all = [...ownBounds(deps), ...parts.flatMap(partBounds), ...(await diskBounds(deps))];
  return all
    .filter(({ used, max }) => max > 0 && used >= near * max)
    .map(({ what, used, max, setting }) => ({
      kind: "near_bound",
      about: { kind: "node", name: deps.node },
      message: `${used} of at most ${max} ${what} are used${setting === undefined ? "" : ` (${setting})`}`,
    }));
}

function ownBounds({ hub, memory, config, health }: BoundDeps): readonly Bound[] {
  const files = health.connections()?.connections;
  return [
    {
      what: "subscriptions of this node",
      used: hub.stats().subscriptions,
      max: config.hub.subscriptionsMax,
    },
    {
      what: "file descriptors of this node",
      used: files?.openFiles ?? 0,
      max: files?.openFilesMax ?? 0,
    },
    ...memory.gauges().map(([name, { bytes, bytesMax }]) => ({
      what: `bytes of memory for ${name.replaceAll("_", " ")}`,
      used: bytes,
      max: bytesMax,
      setting: "SLUICE_MEMORY_BYTES",
    })),
  ];
}

/** Members of `/status` that have a count and a bound. */
function partBounds(part: Part): readonly Bound[] {
  return Object.entries(part.status?.() ?? {}).flatMap(([name, member]) => {
    if (typeof member !== "object" || member === null) return [];
    const { count, max }: { count?: unknown; max?: unknown } = member;
    if (typeof count !== "number" || typeof max !== "number") return [];
    return [{ what: name.replaceAll("_", " "), used: count, max }];
  });
}

/** Of the embedded PostgreSQL: a database elsewhere has a disk of which this node knows nothing. */
async function diskBounds({ config }: BoundDeps): Promise<readonly Bound[]> {
  if (config.databaseUrl !== undefined) return [];
  try {
    const { bsize, blocks, bavail } = await statfs(config.dataDir);
    const max = Math.round((blocks * bsize) / mebi);
    const used = max - Math.round((bavail * bsize) / mebi);
    return [{ what: "MiB of the disk that has the data", used, max, setting: "SLUICE_DATA_DIR" }];
  } catch {
    // Not every platform reports it; the database itself says so when its disk is full.
    return [];
  }
}

const mebi = 1024 * 1024;
