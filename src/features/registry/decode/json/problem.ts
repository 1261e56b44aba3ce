/** Why a text is not the JSON form of a message; it goes on after the field's path, or after "it". */
export class JsonProblem extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "JsonProblem";
  }
}

/** A field, the index of an element, or the key of an entry. */
export type PathPart = string | number | MapKey;

export interface MapKey {
  readonly key: string;
  readonly isText: boolean;
}

/** A caller decides how deep it nests, and how long its keys are. */
const pathCharsMax = 300;

/** The path as protovalidate writes it: `inner.rates[0]`, `readings["a"].rate`. */
export function renderPath(path: readonly PathPart[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "string") text += text === "" ? part : `.${part}`;
    else if (typeof part === "number") text += `[${part}]`;
    else text += part.isText ? `[${JSON.stringify(part.key)}]` : `[${part.key}]`;
    if (text.length > pathCharsMax) return `${text.slice(0, pathCharsMax)}…`;
  }
  return text;
}
