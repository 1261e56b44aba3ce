/** The parameters of a filter, the same for every address that reads records. */

import { textCharsMax, whereCharsMax } from "../../core/filter/record-filter.ts";
import { optional, shortText } from "../endpoint/parameter.ts";

export const filterQuery = {
  where: optional(
    shortText(
      "Only records for which this CEL expression is true. It may name `key`, `headers`, `time`, `received`, `size`, `content_type`, `schema` (`id`, `name`), `position` and `value`: the record's JSON, or the decoded message of a record that names a schema. Integers of 64 bits are exact.",
      whereCharsMax,
    ),
  ),
  text: optional(
    shortText(
      "Only records that contain this text in the key, a header or the value, in upper or lower case.",
      textCharsMax,
    ),
  ),
};
