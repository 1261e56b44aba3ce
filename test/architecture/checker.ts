// Checks sources against the rules and says, for each violation, what to do instead.

import { posix } from "node:path";
import {
  compositionLinesMax,
  dependsOn,
  driversFolder,
  featuresFolder,
  folderFilesMax,
  functionLinesMax,
  globals,
  layers,
  linesMax,
  onlyImports,
  outOfSrc,
  packages,
  partFile,
  type Place,
  rings,
  siblings,
} from "./rules.ts";
import { type Facts, readSource, type Source } from "./source.ts";

/** One line each, of the form `src/<file>: <what is>: <what to do>`. Empty when all is right. */
export function check(sources: readonly Source[]): string[] {
  const files = sources.map(readSource);
  const known = new Set(files.map(({ path }) => path));
  return [
    ...files.flatMap((file) => [...checkForm(file), ...checkImports(file, known)]),
    ...checkFolders(files),
    ...findCycles(files),
  ];
}

function checkForm(file: Facts): string[] {
  const { path, lines, errors, enums, defaultExport, functions } = file;
  const found = errors.map((error) => `src/${path}: it cannot be parsed: ${error}`);
  if (isGenerated(path)) return found;
  if (defaultExport) {
    found.push(`src/${path}: it has a default export: export it by its name`);
  }
  for (const name of enums) {
    found.push(
      `src/${path}: enum ${name} would need a compiler: use a union of string literals, or an object "as const"`,
    );
  }
  const max = compositionLinesMax[path] ?? linesMax;
  if (lines > max) {
    found.push(
      `src/${path}: it has ${lines} lines, expected at most ${max}: move one of its nouns into its own file`,
    );
  }
  for (const { name, lines: length } of isTest(path) ? [] : functions) {
    if (length <= functionLinesMax) continue;
    found.push(
      `src/${path}: function ${name} has ${length} lines, expected at most ${functionLinesMax}: give its steps names`,
    );
  }
  return found;
}

/** A folder with many files hides its order: a prefix that several share is a folder. */
function checkFolders(files: readonly Facts[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    if (isTest(path) || isGenerated(path)) continue;
    const folder = posix.dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > folderFilesMax)
    .map(
      ([folder, count]) =>
        `src/${folder}: it has ${count} source files, expected at most ${folderFilesMax}: give what belongs together a folder`,
    );
}

function checkImports(file: Facts, known: ReadonlySet<string>): string[] {
  const { path } = file;
  const found: string[] = [];
  const say = (is: string, instead: string): void => {
    found.push(`src/${path}: ${is}: ${instead}`);
  };

  if (ringOf(path) === undefined) {
    say("it is in no ring", "move it into a folder of the rule, or give its folder a ring there");
  }
  for (const specifier of file.imports) {
    if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(path), specifier);
      const wrong =
        formOf(specifier, target, known) ?? (isTest(path) ? undefined : reach(path, target));
      if (wrong !== undefined) say(`it imports "${specifier}"`, wrong);
    } else if (!isTest(path)) {
      const wrong = packageHere(path, specifier);
      if (wrong !== undefined) say(`it imports "${specifier}"`, wrong);
    }
  }
  for (const name of isTest(path) ? [] : file.globals) {
    const place = globals[name];
    if (place !== undefined && !isIn(path, place)) {
      say(`it names the global ${name}, which belongs in ${list(place)}`, place.instead);
    }
  }
  return found;
}

/** Bun and Deno load files as they are, so an import names one, with its extension. */
function formOf(specifier: string, target: string, known: ReadonlySet<string>): string | undefined {
  if (known.has(target)) return undefined;
  if (target.startsWith("../")) return undefined;
  if (known.has(`${target}.ts`)) return `import with its extension, "${specifier}.ts"`;
  if (known.has(target.replace(/\.js$/, ".ts"))) return `name the file itself, with ".ts"`;
  if (known.has(`${target}/index.ts`)) return "name a file of the folder, not the folder";
  const extension = posix.extname(target);
  const isCode = extension === "" || /^\.[cm]?[jt]sx?$/.test(extension);
  return isCode ? "there is no such file in src/" : undefined;
}

/** Why the file may not import the other one of `src/`, or undefined. */
function reach(path: string, target: string): string | undefined {
  if (target.startsWith("../")) {
    return outOfSrc[path] === target ? undefined : "src/ stands alone: move what is shared into it";
  }
  const [from, to] = [unitOf(path), unitOf(target)];
  const [ring, targetRing] = [ringOf(path), ringOf(target)];
  if (ring === undefined || targetRing === undefined) return undefined;

  if (from === to) return from === featuresFolder ? reachOfFeature(path, target) : undefined;
  const only = onlyImports[from];
  if (only !== undefined) {
    return only.includes(to)
      ? undefined
      : `src/${from} imports only ${only.join(", ")}: move what both need into src/core/`;
  }
  if (targetRing > ring) {
    return `ring ${ring} may not reach out to ring ${targetRing} (src/${to}): declare a port in src/core/ that src/${to} implements, and let src/gateway/ connect them`;
  }
  if (from === featuresFolder) return reachOfLayer(path, to, targetRing);
  if (targetRing < ring || to.endsWith(".ts")) return undefined;
  if (from === "main.ts" || from === "deno.ts" || siblings[from]?.includes(to)) return undefined;
  if (isDriver(from) && isDriver(to)) {
    return `drivers never import each other: move what ${from} and ${to} share into a file of src/${driversFolder}/`;
  }
  return `src/${from} and src/${to} are siblings in ring ${ring}: the idea they share is a missing noun in src/core/, or a port that src/gateway/ connects`;
}

/** From one file of `src/features/` to another. */
function reachOfFeature(path: string, target: string): string | undefined {
  const [from, to] = [featureOf(path), featureOf(target)];
  // What all features share: the shape of a part.
  if (to.name === undefined) return undefined;
  if (from.name === undefined) return "what all features share imports none of them";
  if (from.name === to.name) {
    if (from.isPart || from.layer === to.layer || to.layer === undefined) return undefined;
    return from.layer === undefined
      ? `the domain of ${from.name} may not import its ${to.layer}/: declare a port that it implements, and let ${partFile} connect them`
      : `${from.layer}/ and ${to.layer}/ of ${from.name} never import each other: what they share belongs to the domain, or to ${partFile}`;
  }
  if (dependsOn[from.name]?.includes(to.name) === true && to.layer === undefined) return undefined;
  return `feature ${from.name} may not import feature ${to.name}: what they share is a missing noun in the engine, or a port that src/gateway/ connects`;
}

/** From a feature to ring 2: each layer has its own folder there. */
function reachOfLayer(path: string, to: string, targetRing: number): string | undefined {
  const { name, layer, isPart } = featureOf(path);
  if (targetRing < 2 || isPart || name === undefined) return undefined;
  if (layer !== undefined && layers[layer] === to) return undefined;
  const layerOfTarget = Object.keys(layers).find((each) => layers[each] === to);
  return layerOfTarget === undefined
    ? `a feature may not import src/${to}/: declare a port in src/core/, and let src/gateway/ connect them`
    : `only ${layerOfTarget}/ and ${partFile} of a feature may import src/${to}/: move this file there, or hand it plain values`;
}

interface InFeature {
  /** Undefined for a file of `src/features/` itself. */
  readonly name: string | undefined;
  /** Undefined for the feature's domain. */
  readonly layer: string | undefined;
  readonly isPart: boolean;
}

function featureOf(path: string): InFeature {
  const [, name, next, deeper] = path.split("/");
  if (next === undefined) return { name: undefined, layer: undefined, isPart: false };
  const isLayer = deeper !== undefined && Object.hasOwn(layers, next);
  return { name, layer: isLayer ? next : undefined, isPart: next === partFile };
}

function packageHere(path: string, specifier: string): string | undefined {
  const rule = packages.find(([names]) => names.some((name) => fits(name, specifier)));
  if (rule === undefined) {
    return "the table of packages does not name it: give it one folder in test/architecture/rules.ts, or do without";
  }
  const [, place] = rule;
  return isIn(path, place) ? undefined : `it belongs in ${list(place)}: ${place.instead}`;
}

function fits(name: string, specifier: string): boolean {
  return name.endsWith("*") ? specifier.startsWith(name.slice(0, -1)) : specifier === name;
}

function isIn(path: string, place: Place): boolean {
  return place.in.some((start) =>
    new RegExp(`^${RegExp.escape(start).replaceAll("\\*", "[^/]+")}`).test(path),
  );
}

function list(place: Place): string {
  return place.in.map((start) => `src/${start}`).join(", ");
}

/** Type imports count: a cycle of types is read, and changed, as one piece too. */
function findCycles(files: readonly Facts[]): string[] {
  const edges = new Map(files.map((file) => [file.path, targetsOf(file)]));
  const done = new Set<string>();
  const trail: string[] = [];
  const found: string[] = [];

  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      const cycle = [...trail.slice(at), path].map((each) => `src/${each}`).join(" → ");
      found.push(
        `${cycle}: a cycle of imports: move what they share into a file that imports neither`,
      );
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const target of edges.get(path) ?? []) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) visit(path);
  return found;
}

function targetsOf({ path, imports }: Facts): string[] {
  return imports
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}

/** The folder of `src/` that the file is in, or the file itself; a log driver is a unit as well. */
function unitOf(path: string): string {
  const [first = path, second, third] = path.split("/");
  return first === driversFolder && third !== undefined ? `${first}/${second}` : first;
}

function isDriver(unit: string): boolean {
  return unit.startsWith(`${driversFolder}/`);
}

function ringOf(path: string): number | undefined {
  const unit = unitOf(path);
  const name = isDriver(unit) ? `${driversFolder}/*` : unit;
  const ring = rings.findIndex((units) => units.includes(name));
  return ring === -1 ? undefined : ring;
}

function isGenerated(path: string): boolean {
  return path.startsWith("gen/");
}

/** A test stands outside the rings: it may bring its subject together with a real driver. */
function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}
