import type { DescMessage } from "@bufbuild/protobuf";
import { type Difference, type DifferenceType, isBreaking } from "./difference.ts";

/**
 * An imported message in the writer's and in the reader's version. If it breaks, so does each field
 * of its type. That is known only once all of it was compared, because types may contain themselves.
 */
export interface ImportedPair {
  readonly written: DescMessage;
  readonly read: DescMessage;
  readonly path: readonly string[];
  readonly users: { readonly at: Place; readonly field: string }[];
  breaks: boolean;
}

/** A place in the schemas that are compared. */
export interface Place {
  readonly path: readonly string[];
  /** The enclosing imported message; undefined in the schemas' own files. */
  readonly within: ImportedPair | undefined;
}

/** The differences found so far, and the pairs of imported messages still to compare. */
export class Comparison {
  readonly differences: Difference[] = [];
  readonly #pairs = new Map<string, ImportedPair>();
  readonly #queue: ImportedPair[] = [];

  add(at: Place, type: DifferenceType, message: string): void {
    this.differences.push({ type, path: `#/${at.path.join("/")}`, message });
    if (at.within !== undefined && isBreaking(type)) at.within.breaks = true;
  }

  /** Queues a pair of imported messages for comparison, once; `field` at `at` uses it. */
  use(written: DescMessage, read: DescMessage, at: Place, field: string): void {
    const key = `${written.typeName} ${read.typeName}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { written, read, path: localName(written).split("."), users: [], breaks: false };
      this.#pairs.set(key, pair);
      this.#queue.push(pair);
    }
    pair.users.push({ at, field });
  }

  next(): ImportedPair | undefined {
    return this.#queue.shift();
  }

  /** After all pairs were compared: marks the fields whose imported type breaks, and so on up. */
  finish(): readonly Difference[] {
    const broken = [...this.#pairs.values()].filter((pair) => pair.breaks);
    for (const pair of broken) {
      for (const { at, field } of pair.users) {
        const already = at.within === undefined || at.within.breaks;
        this.add(
          at,
          "FIELD_NAMED_TYPE_CHANGED",
          `${field} is of the imported message "${pair.read.typeName}", which breaks`,
        );
        if (!already && at.within !== undefined) broken.push(at.within);
      }
    }
    return this.differences;
  }
}

/** A message's full name without its file's package. */
export function localName(message: DescMessage): string {
  const { package: scope } = message.file.proto;
  return scope === "" ? message.typeName : message.typeName.slice(scope.length + 1);
}

export function inside(at: Place, ...names: string[]): Place {
  return { path: [...at.path, ...names], within: at.within };
}
