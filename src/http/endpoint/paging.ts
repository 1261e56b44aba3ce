/** The parameters of a page of records, and the query that they are together. */

import { z } from "zod";
import { invalidField } from "../../core/failure.ts";
import { pageLimitDefault, pageLimitMax, type PageQuery } from "../../core/page.ts";
import { parsePosition, type Position } from "../../core/position.ts";
import { count, optional, parameter, withDefault } from "./parameter.ts";
import { positionShape } from "./shapes.ts";

/** Entries of a page, whatever they are. */
export function pageLimit(description: string) {
  return withDefault(count(description, { min: 1, max: pageLimitMax }), pageLimitDefault);
}

const positionOrEarliest = z.union([positionShape, z.literal("earliest")]);

/** A position, or the oldest record kept. */
export function startAfter(description: string) {
  return parameter(description, positionOrEarliest, (text): Position | "earliest" =>
    text === "earliest" ? text : parsePosition(text),
  );
}

export const pageParameters = {
  limit: pageLimit("Events in the page"),
  after: optional(
    startAfter("The events after this position, or `earliest`. Not together with `before`."),
  ),
  before: optional(parameter("The events before this position", positionShape, parsePosition)),
};

/** Throws `invalid` for both `after` and `before`. */
export function pageQuery({
  limit,
  after,
  before,
}: {
  readonly limit: number;
  readonly after: Position | "earliest" | undefined;
  readonly before: Position | undefined;
}): PageQuery {
  if (after !== undefined && before !== undefined) {
    throw invalidField(
      "before",
      "Cannot page both after and before a position: expected one of them",
    );
  }
  if (after !== undefined) return { after, limit };
  return before === undefined ? { limit } : { before, limit };
}
