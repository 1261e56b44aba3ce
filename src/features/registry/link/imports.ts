import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../core/failure.ts";
import { bundledFile, isBundled } from "./bundled.ts";
import type { Problems } from "./problems.ts";

/** Files of a schema by path. */
export type Files = ReadonlyMap<string, FileDescriptorProto>;

/**
 * The path of a set's own file: the last one that no other file imports. Undefined when all are
 * imported, which takes a cycle.
 */
export function ownFileOf(sent: Files): string | undefined {
  const imported = new Set<string>();
  for (const file of sent.values()) {
    for (const path of importsOf(file)) if (path !== file.name) imported.add(path);
  }
  return [...sent.keys()].findLast((path) => !imported.has(path));
}

/**
 * The file at `own` with all it imports, each after those it imports, ties by path. Bundled files
 * replace those sent, except for `own` itself. Problems: missing imports, imports named twice, cycles.
 * With problems, only the files that could be ordered are returned.
 */
export function orderFiles(own: string, sent: Files, problems: Problems): FileDescriptorProto[] {
  const reached = new Map<string, FileDescriptorProto>();
  const queue = [own];
  for (const path of queue) {
    const file = path === own ? sent.get(path) : (bundledFile(path) ?? sent.get(path));
    if (file === undefined || reached.has(path)) continue;
    reached.set(path, file);
    const seen = new Set<string>();
    for (const name of importsOf(file)) {
      if (seen.has(name)) problems.add(path, `imports ${quoted(name)} twice, expected once`);
      else if (!sent.has(name) && !isBundled(name)) {
        problems.add(path, `imports ${quoted(name)}, which is not in the set`);
      }
      seen.add(name);
      queue.push(name);
    }
  }
  return sortFiles(reached, problems);
}

/** Paths that a file imports; `import option` (edition 2024) included. */
export function importsOf(file: FileDescriptorProto): string[] {
  return [...file.dependency, ...file.optionDependency];
}

/**
 * For each file the paths whose declarations it may use: its own, those of its imports, and of what
 * these import publicly. `files` are in the order of `orderFiles`.
 */
export function visibleFrom(files: readonly FileDescriptorProto[]): Map<string, Set<string>> {
  const exported = new Map<string, Set<string>>();
  const visible = new Map<string, Set<string>>();
  for (const file of files) {
    const own = new Set([file.name]);
    for (const at of file.publicDependency) {
      for (const path of exported.get(file.dependency[at] ?? "") ?? []) own.add(path);
    }
    exported.set(file.name, own);
    const all = new Set(own);
    for (const path of importsOf(file)) {
      for (const inner of exported.get(path) ?? []) all.add(inner);
    }
    visible.set(file.name, all);
  }
  return visible;
}

function sortFiles(
  files: Map<string, FileDescriptorProto>,
  problems: Problems,
): FileDescriptorProto[] {
  const open = new Map<string, Set<string>>();
  const importers = new Map<string, string[]>();
  for (const [path, file] of files) {
    const imports = new Set(importsOf(file).filter((name) => files.has(name)));
    open.set(path, imports);
    for (const name of imports) importers.set(name, [...(importers.get(name) ?? []), path]);
  }
  const sorted: FileDescriptorProto[] = [];
  const ready = [...open].filter(([, imports]) => imports.size === 0).map(([path]) => path);
  for (;;) {
    const path = ready.sort(byCodeUnit).shift();
    if (path === undefined) break;
    const file = files.get(path);
    if (file !== undefined) sorted.push(file);
    open.delete(path);
    for (const importer of importers.get(path) ?? []) {
      const imports = open.get(importer);
      imports?.delete(path);
      if (imports?.size === 0) ready.push(importer);
    }
  }
  for (const cycle of cyclesOf(open)) {
    problems.add(cycle[0] ?? "", `imports itself: ${cycle.map(quoted).join(" → ")}`);
  }
  return sorted;
}

/** Cycles among files that could not be ordered, each file in one cycle at most. */
function cyclesOf(open: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of [...open.keys()].sort(byCodeUnit)) {
    const path: string[] = [];
    let at: string | undefined = start;
    // Each open file imports an open one, so a walk ends at a file that it has passed before.
    while (at !== undefined && !done.has(at)) {
      done.add(at);
      path.push(at);
      at = [...(open.get(at) ?? [])].sort(byCodeUnit).find((name) => open.has(name));
    }
    if (at !== undefined && path.includes(at)) cycles.push([...path.slice(path.indexOf(at)), at]);
  }
  return cycles;
}

/** The same order on every machine, unlike a locale's. */
function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
