/** What changed between two versions of a subject, and what of it the subject's compatibility forbids. */

import { compareSchemas, protectedBy } from "../compatibility/compatibility.ts";
import { type Difference, isBreaking } from "../compatibility/difference.ts";
import type { LinkedSchema } from "../link/linked.ts";
import type { Compatibility } from "../registry-port.ts";

export interface JudgedDifference extends Difference {
  /** BACKWARD: the later version reads what the earlier wrote. FORWARD: the other way round. */
  readonly direction: "BACKWARD" | "FORWARD";
  /** Whether the reader does not understand what was written. */
  readonly isBreaking: boolean;
  /** Whether that is what the subject's compatibility forbids. */
  readonly isForbidden: boolean;
}

export interface VersionComparison {
  readonly from: number;
  readonly to: number;
  readonly compatibility: Compatibility;
  readonly differences: readonly JudgedDifference[];
  /** Whether there are more differences than these. */
  readonly isCut: boolean;
}

const differencesMax = 1000;

export function compareVersions(
  earlier: LinkedSchema,
  later: LinkedSchema,
  compatibility: Compatibility,
): Pick<VersionComparison, "differences" | "isCut"> {
  if (earlier.hash === later.hash) return { differences: [], isCut: false };
  const { backward, forward } = protectedBy(compatibility);
  const all = [
    ...compareSchemas(earlier, later).map(judged("BACKWARD", backward)),
    ...compareSchemas(later, earlier).map(judged("FORWARD", forward)),
  ];
  return { differences: all.slice(0, differencesMax), isCut: all.length > differencesMax };
}

function judged(direction: "BACKWARD" | "FORWARD", isProtected: boolean) {
  return (difference: Difference): JudgedDifference => {
    const breaks = isBreaking(difference.type);
    return { ...difference, direction, isBreaking: breaks, isForbidden: breaks && isProtected };
  };
}
