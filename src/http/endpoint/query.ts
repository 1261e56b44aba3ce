/** What the query of an address may have: a misspelt parameter is refused, as a misspelt member is. */

import { invalidField, quoted } from "../../core/failure.ts";
import { credentialInUrl, isCredentialName } from "../credentials/url-credentials.ts";

const fieldCharsMax = 100;

/** Throws `invalid` for a parameter of `url` that is not among the names, or that is given twice. */
export function queryCheck(names: readonly string[]): (url: string) => void {
  const known = new Set(names);
  const expected = names.length === 0 ? "none" : names.join(", ");
  return (url) => {
    if (!url.includes("?")) return;
    const given = new Set<string>();
    for (const name of parameterNames(url)) {
      if (!known.has(name)) {
        if (isCredentialName(name)) throw credentialInUrl(name);
        throw unusable(name, `there is no such parameter, expected ${expected}`);
      }
      // Only the first would be read, and a proxy in front may decide by the last.
      if (given.has(name)) throw unusable(name, "it is given twice, expected once");
      given.add(name);
    }
  };
}

function unusable(name: string, why: string): Error {
  return invalidField(name.slice(0, fieldCharsMax), `Cannot use parameter ${quoted(name)}: ${why}`);
}

function parameterNames(url: string): string[] {
  const [target = ""] = url.split("#", 1);
  const query = target.slice(target.indexOf("?") + 1);
  if (query.length === target.length) return [];
  const parts = query.split("&").filter((part) => part !== "");
  return parts.map((part) => decoded(part.split("=", 1)[0] ?? ""));
}

function decoded(name: string): string {
  const text = name.replaceAll("+", " ");
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8, so it is not the name of any parameter.
    return text;
  }
}
