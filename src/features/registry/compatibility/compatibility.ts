// Whether what was written with one schema can be read with another: the rules of Confluent's
// registry for protobuf, field by field and into imported types. docs/compatibility.md has a table
// of changes with their verdicts, and says where Sluice is stricter.

import { ownFile } from "../link/descriptors.ts";
import type { LinkedSchema } from "../link/linked.ts";
import type { Compatibility } from "../registry-port.ts";
import { compareMessages, compareScopes } from "./compare-message.ts";
import { Comparison } from "./comparison.ts";
import { type Difference, isBreaking } from "./difference.ts";

export type { Difference } from "./difference.ts";

/** A difference that the mode forbids. */
export interface Incompatibility extends Difference {
  /** BACKWARD: the new schema does not read what was written. FORWARD: it is not read. */
  readonly direction: "BACKWARD" | "FORWARD";
  /** Index of the earlier schema among those that were given. */
  readonly earlier: number;
}

/** Which directions `mode` protects. */
export function protectedBy(mode: Compatibility): {
  readonly backward: boolean;
  readonly forward: boolean;
} {
  return modes[mode];
}

/** Everything that prevents `schema` from following `earlier` (newest first); empty if nothing does. */
export function checkCompatibility(
  schema: LinkedSchema,
  earlier: readonly LinkedSchema[],
  mode: Compatibility,
): Incompatibility[] {
  const found: Incompatibility[] = [];
  const { backward, forward, transitive } = modes[mode];
  for (const [index, before] of earlier.slice(0, transitive ? undefined : 1).entries()) {
    if (before.hash === schema.hash) continue;
    const add = (direction: "BACKWARD" | "FORWARD", differences: readonly Difference[]): void => {
      for (const difference of differences) {
        if (isBreaking(difference.type)) found.push({ ...difference, direction, earlier: index });
      }
    };
    if (backward) add("BACKWARD", compareSchemas(before, schema));
    if (forward) add("FORWARD", compareSchemas(schema, before));
  }
  return found;
}

/** All differences for `read` reading what `written` wrote, including those that break nothing. */
export function compareSchemas(written: LinkedSchema, read: LinkedSchema): readonly Difference[] {
  const comparison = new Comparison();
  const own = { written: written.file, read: read.file };
  const root = { path: [], within: undefined };
  const from = ownFile(written);
  const to = ownFile(read);
  if (from.proto.package !== to.proto.package) {
    const sentence = `package "${from.proto.package}" is written and "${to.proto.package}" is read`;
    comparison.add(root, "PACKAGE_CHANGED", sentence);
  }
  compareScopes(comparison, own, root, from, to);
  for (let pair = comparison.next(); pair !== undefined; pair = comparison.next()) {
    const at = { path: pair.path, within: pair };
    compareMessages(comparison, own, at, pair.written, pair.read);
  }
  return comparison.finish();
}

const modes = {
  NONE: { backward: false, forward: false, transitive: false },
  BACKWARD: { backward: true, forward: false, transitive: false },
  BACKWARD_TRANSITIVE: { backward: true, forward: false, transitive: true },
  FORWARD: { backward: false, forward: true, transitive: false },
  FORWARD_TRANSITIVE: { backward: false, forward: true, transitive: true },
  FULL: { backward: true, forward: true, transitive: false },
  FULL_TRANSITIVE: { backward: true, forward: true, transitive: true },
} as const satisfies Record<Compatibility, object>;
