/**
 * What somebody may do: `read topic:orders.*`. A grant is an action, a kind of resource and a name,
 * of which the end may be left open. What is not granted is refused.
 */

import { invalidField, quoted } from "../failure.ts";

/** `manage`: create, change and remove. No action contains another. */
export const actions = ["read", "append", "manage"] as const;
export type Action = (typeof actions)[number];

/** `node`: what belongs to the gateway itself: `keys`, `status`, `metrics`. */
export const resourceKinds = [
  "topic",
  "emitter",
  "series",
  "app",
  "subject",
  "rule",
  "node",
] as const;
export type ResourceKind = (typeof resourceKinds)[number];

/** The name that stands for everything of a kind, past and future. */
export const everything = "*";

export interface Grant {
  readonly action: Action;
  /** `*`: every kind, and then everything of it. */
  readonly kind: ResourceKind | typeof everything;
  /** A name, or the start of names with `*` behind it. */
  readonly name: string;
}

const nameCharsMax = 512;

/** Reads `read topic:orders.*` or `read *`. Throws `invalid` with what is expected. */
export function parseGrant(text: string, field = "grants"): Grant {
  const [action, resource, ...rest] = text.trim().split(/\s+/u);
  if (!isOneOf(actions, action) || resource === undefined || rest.length > 0) {
    throw notAGrant(text, field);
  }
  if (resource === everything) return { action, kind: everything, name: everything };
  const colon = resource.indexOf(":");
  const kind = resource.slice(0, colon);
  const name = resource.slice(colon + 1);
  const star = name.indexOf(everything);
  const isOpenInside = star >= 0 && star < name.length - 1;
  if (colon < 0 || !isOneOf(resourceKinds, kind) || name === "" || isOpenInside) {
    throw notAGrant(text, field);
  }
  if (name.length > nameCharsMax) throw notAGrant(text, field);
  return { action, kind, name };
}

/** As `parseGrant` reads it. */
export function renderGrant({ action, kind, name }: Grant): string {
  return kind === everything ? `${action} ${everything}` : `${action} ${kind}:${name}`;
}

/** Grants apart by commas or line ends, as a setting and an option of the command line have them. */
export function parseGrants(text: string, field = "grants"): readonly Grant[] {
  return text
    .split(/[,\n]/u)
    .filter((part) => part.trim() !== "")
    .map((part) => parseGrant(part, field));
}

/** The first of `others` that goes beyond `own`: nobody passes on more than they have. */
export function missingGrant(own: Grants, others: readonly Grant[]): Grant | undefined {
  return others.find((grant) => !own.contains(new Grants([grant])));
}

function notAGrant(text: string, field: string) {
  return invalidField(
    field,
    `Cannot use the grant ${quoted(text)}: expected ${actions.join(", ")}, and then a resource such as topic:orders.* with one of ${resourceKinds.join(", ")}, or * for all`,
  );
}

function isOneOf<Word extends string>(
  words: readonly Word[],
  given: string | undefined,
): given is Word {
  return given !== undefined && (words as readonly string[]).includes(given);
}

/** Names as they are granted: each of `exact`, and whatever begins with one of `starts`. */
export interface GrantedNames {
  readonly exact: readonly string[];
  /** The empty text: all names. */
  readonly starts: readonly string[];
}

const noNames: GrantedNames = { exact: [], starts: [] };
export const allNames: GrantedNames = { exact: [], starts: [""] };

/** Before `Grants`, whose static members need it. */
class Names {
  readonly #exact = new Set<string>();
  readonly #starts: string[] = [];
  #isAll = false;

  add(name: string): void {
    if (name === everything) this.#isAll = true;
    else if (name.endsWith(everything)) this.#starts.push(name.slice(0, -1));
    else this.#exact.add(name);
  }

  granted(): GrantedNames {
    if (this.#isAll) return allNames;
    return { exact: [...this.#exact], starts: this.#starts };
  }

  has(name: string): boolean {
    return this.#isAll || this.#exact.has(name) || this.hasAll(name);
  }

  hasAll(start: string): boolean {
    return this.#isAll || this.#starts.some((open) => start.startsWith(open));
  }
}

/** Grants as they are asked: once for each request, record or row. */
export class Grants {
  static readonly none = new Grants([]);
  /** Every action on everything. */
  static readonly all = new Grants(
    actions.map((action) => ({ action, kind: everything, name: everything })),
  );

  readonly list: readonly Grant[];
  /** By action and kind: an object's member is found in a tenth of the time of a composed text. */
  readonly #names: { readonly [action in Action]: { [kind in ResourceKind]?: Names } } = {
    read: {},
    append: {},
    manage: {},
  };

  constructor(list: readonly Grant[]) {
    this.list = list;
    for (const { action, kind, name } of list) {
      const kinds = kind === everything ? resourceKinds : [kind];
      for (const one of kinds) this.#of(action, one).add(name);
    }
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  allows(action: Action, kind: ResourceKind, name: string): boolean {
    return this.#names[action][kind]?.has(name) ?? false;
  }

  /** Whether all names that start with `start` are granted, those that are not known yet too. */
  allowsAll(action: Action, kind: ResourceKind, start = ""): boolean {
    return this.#names[action][kind]?.hasAll(start) ?? false;
  }

  /** Whether any name is granted: a list that could only be empty is refused instead. */
  allowsAny(action: Action, kind: ResourceKind): boolean {
    return this.#names[action][kind] !== undefined;
  }

  /** The names that are granted, for a store that selects rows by them. */
  names(action: Action, kind: ResourceKind): GrantedNames {
    return this.#names[action][kind]?.granted() ?? noNames;
  }

  /** Whether each of `others` is granted here too: nobody passes on more than they have. */
  contains(others: Grants): boolean {
    return others.list.every(({ action, kind, name }) => {
      const kinds = kind === everything ? resourceKinds : [kind];
      return kinds.every((one) =>
        name.endsWith(everything)
          ? this.allowsAll(action, one, name.slice(0, -1))
          : this.allows(action, one, name),
      );
    });
  }

  #of(action: Action, kind: ResourceKind): Names {
    return (this.#names[action][kind] ??= new Names());
  }
}
