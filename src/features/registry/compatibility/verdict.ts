/** Whether a subject takes a schema as its next version, and why not. */

import { quoted } from "../../../core/failure.ts";
import type { LinkedSchema } from "../link/linked.ts";
import {
  type Compatibility,
  RegistryFailure,
  type SchemaVersion,
  type StoredSchema,
} from "../registry-port.ts";
import { checkCompatibility, type Incompatibility } from "./compatibility.ts";

/** `version`: the earlier version with which it is not compatible. */
export type Reason = Incompatibility & { readonly version: number };

export interface Verdict {
  readonly compatible: boolean;
  readonly incompatibilities: readonly Reason[];
  readonly compatibility: Compatibility;
}

/** Maximal number of reasons that a failure lists; the rest is counted. */
const reasonsMax = 100;

/** Compares `linked` with the `earlier` versions (oldest first) that `compatibility` names. */
export async function judge(
  linked: LinkedSchema,
  earlier: readonly SchemaVersion[],
  compatibility: Compatibility,
  schema: (id: number) => Promise<StoredSchema>,
): Promise<Verdict> {
  // One at a time, newest first: a subject's versions may not fit in memory together.
  const incompatibilities: Reason[] = [];
  for (const [at, { id, version }] of earlier.toReversed().entries()) {
    if (compatibility === "NONE") break;
    if (at > 0 && !compatibility.endsWith("_TRANSITIVE")) break;
    const found = checkCompatibility(linked, [await schema(id)], compatibility);
    incompatibilities.push(...found.map((one) => ({ ...one, earlier: at, version })));
  }
  return { compatible: incompatibilities.length === 0, incompatibilities, compatibility };
}

/** The failure `incompatible`, with each reason in `errors`. */
export function incompatible(
  subject: string,
  { incompatibilities, compatibility }: Verdict,
): RegistryFailure {
  const errors = incompatibilities.slice(0, reasonsMax).map((one) => ({
    field: one.path,
    code: "incompatible" as const,
    message: describeReason(one),
  }));
  const rest = incompatibilities.length > 1 ? ` (and ${incompatibilities.length - 1} more)` : "";
  return new RegistryFailure(
    "incompatible",
    `Cannot register under ${quoted(subject)}: it is not ${compatibility}: ${errors[0]?.message ?? ""}${rest}`,
    { errors },
  );
}

function describeReason({ type, path, message, version, direction }: Reason): string {
  return `${type} at ${path}: ${message} (${direction.toLowerCase()}, version ${version})`;
}
