/** The grants of a token: a claim of it. */

import { actions, type Grant, parseGrant } from "../../../core/access/grant.ts";
import { Failure } from "../../../core/failure.ts";

const grantsMax = 1000;

/**
 * The value of a claim; undefined where it is missing. The name as a whole comes first, because the
 * names of custom claims are often URLs.
 */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split(".").reduce<unknown>((at, name) => memberOf(at, name), claims);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([member]) => member === name)?.[1];
}

/**
 * Of an array of texts, or of one text with spaces or commas in between: `append topic:orders.*`, or
 * `append:topic:orders.*`, as scopes are written that cannot contain a space. Others are ignored,
 * because such a claim often has entries for other programs.
 */
export function grantsFromClaim(value: unknown): readonly Grant[] {
  const texts = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [value];
  const words = texts.flatMap((one) => (typeof one === "string" ? one.split(/[\s,]+/u) : []));
  const grants: Grant[] = [];
  for (const [i, word] of words.entries()) {
    const colon = word.indexOf(":");
    const text = isAction(word)
      ? `${word} ${words[i + 1] ?? ""}`
      : `${word.slice(0, colon)} ${word.slice(colon + 1)}`;
    const grant = grantFrom(text);
    if (grant !== undefined) grants.push(grant);
    if (grants.length > grantsMax) throw tooMany();
  }
  return grants;
}

function isAction(word: string): boolean {
  return (actions as readonly string[]).includes(word);
}

function grantFrom(text: string): Grant | undefined {
  try {
    return parseGrant(text);
  } catch {
    return undefined;
  }
}

function tooMany(): Failure {
  return new Failure(
    "unauthenticated",
    `The token has more than ${grantsMax} grants, expected fewer with * at their ends`,
  );
}
