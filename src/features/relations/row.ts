/** A record as a row of its relation. */

import { arrayElements, jsonMembers } from "../../core/json/json.ts";
import { isJsonType, type LogRecord } from "../../core/record.ts";
import { textFromUtf8 } from "../../core/utf8.ts";
import { fit } from "./fit.ts";
import { type Refusal, type Relation, renderPointer } from "./relation.ts";

export type Row =
  /** Text or null for each column of the relation. */
  | { readonly values: readonly (string | null)[]; readonly refusals?: undefined }
  /** Each value that does not fit. */
  | { readonly values?: undefined; readonly refusals: readonly Refusal[] };

const givenLengthMax = 200;

export function rowFromRecord(
  relation: Relation,
  { contentType, value }: Pick<LogRecord, "contentType" | "value">,
): Row {
  if (!isJsonType(contentType)) {
    const message = `Cannot make a row of the record: it is ${contentType}, expected JSON`;
    return { refusals: [{ field: "", given: "", message }] };
  }
  let json: string;
  try {
    json = textFromUtf8(value);
  } catch {
    // With U+FFFD in their place, bytes that differ would become one key.
    const message = "Cannot make a row of the record: it is not UTF-8, expected JSON in UTF-8";
    return { refusals: [{ field: "", given: "", message }] };
  }
  return rowFromJson(relation, json);
}

/** The same from a record's JSON. */
export function rowFromJson(relation: Relation, json: string): Row {
  const members = jsonMembers(json);
  if (members === undefined) {
    const message = "Cannot make a row of the record: it is not an object, expected one";
    return { refusals: [{ field: "", given: shortened(json), message }] };
  }
  const values: (string | null)[] = [];
  const refusals: Refusal[] = [];
  for (const { name, type, path } of relation.columns) {
    const [first = "", ...rest] = path;
    const given = valueAt(members.get(first), rest);
    const fitted = fit(type, given);
    const isMissing = fitted.ok && fitted.text === null && relation.key.includes(name);
    if (fitted.ok && !isMissing) values.push(fitted.text);
    else {
      const why = fitted.ok ? "it is part of the key, expected a value" : fitted.why;
      refusals.push({
        field: renderPointer(path),
        given: shortened(given ?? ""),
        message: `Cannot take ${shortened(given ?? "nothing")} as ${type} for column "${name}": ${why}`,
      });
    }
  }
  return refusals.length > 0 ? { refusals } : { values };
}

function valueAt(json: string | undefined, path: readonly string[]): string | undefined {
  let at = json;
  for (const name of path) {
    if (at === undefined) return undefined;
    if (at.startsWith("[")) {
      const bytes = /^(0|[1-9]\d*)$/.test(name)
        ? arrayElements(new TextEncoder().encode(at))[Number(name)]
        : undefined;
      at = bytes && textFromUtf8(bytes);
    } else at = jsonMembers(at)?.get(name);
  }
  return at;
}

function shortened(text: string): string {
  return text.length > givenLengthMax ? `${text.slice(0, givenLengthMax)}…` : text;
}
