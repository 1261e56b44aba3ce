/** References of a version in both directions, level by level. */

import type { CatalogStore, Import, VersionName } from "./catalog-port.ts";

/** A version in the graph; `level` 0 is the one in question, what it imports is above 0. */
export interface GraphNode extends VersionName {
  readonly id: number;
  readonly deleted: boolean;
  readonly level: number;
}

export interface ReferenceGraph {
  readonly nodes: readonly GraphNode[];
  readonly imports: readonly Import[];
  /** Whether there is more than is shown. */
  readonly isCut: boolean;
}

const nodesMax = 200;
const importsMax = 1000;
const levelsMax = 12;

/** `isShown`: versions of other subjects are left out, and what only they lead to. */
export async function referenceGraph(
  store: Pick<CatalogStore, "imports">,
  root: VersionName & { readonly id: number; readonly deleted: boolean },
  isShown: (subject: string) => boolean,
): Promise<ReferenceGraph> {
  const nodes = new Map<string, GraphNode>([[keyOf(root), { ...root, level: 0 }]]);
  const imports = new Map<string, Import>();
  let isCut = false;
  for (const direction of ["imported", "importing"] as const) {
    const step = direction === "imported" ? 1 : -1;
    let level: VersionName[] = [root];
    for (let depth = 1; level.length > 0; depth++) {
      const found = await store.imports(level, direction, importsMax);
      isCut ||= found.length === importsMax || (depth > levelsMax && found.length > 0);
      if (depth > levelsMax) break;
      level = [];
      for (const one of found) {
        const other = direction === "imported" ? one.to : one.from;
        if (!isShown(other.subject)) continue;
        const key = keyOf(other);
        if (!nodes.has(key)) {
          if (nodes.size === nodesMax || imports.size === importsMax) {
            isCut = true;
            continue;
          }
          nodes.set(key, { ...other, level: depth * step });
          level.push(other);
        }
        imports.set(`${keyOf(one.from)} ${keyOf(one.to)} ${one.name}`, one);
      }
    }
  }
  return { nodes: [...nodes.values()], imports: [...imports.values()], isCut };
}

/** No subject has a control character. */
function keyOf({ subject, version }: VersionName): string {
  return `${version}\n${subject}`;
}
