/** How records are read and shown: parameters of a topic's pages, streams and exports. */

import { z } from "zod";
import { invalidField } from "../../core/failure.ts";
import { expectedInstant, parseInstant } from "../../core/filter/instant.ts";
import type { PageQuery } from "../../core/page.ts";
import { fieldValue } from "../../core/parse.ts";
import type { Position } from "../../core/position.ts";
import type { RequestedStart } from "../../hub/subscriber.ts";
import { pageQuery } from "../endpoint/paging.ts";
import { count, flag, optional, parameter } from "../endpoint/parameter.ts";
import { type RecordForm, valueBytesMax } from "./details.ts";

export const fromQuery = {
  from: optional(
    parameter(
      "The records that the gateway received at this time or later: RFC 3339, or a number since 1970 in seconds (up to 10 digits), milliseconds (13), microseconds (16) or nanoseconds (19).",
      z
        .string()
        .regex(
          /^(?:\d{1,18}|[0-8]\d{18}|\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))$/,
        )
        .max(64),
      (text, field) => {
        const ns = parseInstant(text);
        const parsed =
          ns === undefined
            ? ({ ok: false, expected: expectedInstant(text) } as const)
            : ({ ok: true, value: ns } as const);
        return fieldValue(field, text, parsed);
      },
    ),
  ),
};

export const formQuery = {
  details: flag(
    "Events with `received`, `headers`, `content_type`, `size` and the schema's subjects",
  ),
  value_bytes: optional(
    count("Values of more bytes are cut: `cut` is their start, in place of `data`", {
      max: valueBytesMax,
    }),
  ),
};

/** Finds the position of a time. */
type PositionAt = (ns: bigint) => Promise<Position>;

/** Throws `invalid` for more than one of `from`, `after` and `before`. */
export async function pageQueryFrom(
  given: Parameters<typeof pageQuery>[0] & { readonly from: bigint | undefined },
  positionAt: PositionAt,
): Promise<PageQuery> {
  const query = pageQuery(given);
  if (given.from === undefined) return query;
  if (query.after !== undefined || query.before !== undefined) {
    throw invalidField(
      "from",
      "Cannot page both from a time and from a position: expected one of them",
    );
  }
  return { after: await positionAt(given.from), limit: query.limit };
}

/** A position that was seen wins over a time, and that over `tail`. */
export async function startFrom(
  requested: RequestedStart,
  from: bigint | undefined,
  positionAt: PositionAt,
): Promise<RequestedStart> {
  const isPlace = requested !== "live" && (requested === "earliest" || !("tail" in requested));
  return from === undefined || isPlace ? requested : await positionAt(from);
}

export function formOf(given: {
  readonly details: boolean;
  readonly decode: string | undefined;
  readonly value_bytes: number | undefined;
}): RecordForm {
  return {
    details: given.details,
    decode: given.decode !== undefined,
    valueBytes: given.value_bytes,
  };
}
