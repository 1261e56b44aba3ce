/** Column types that Drizzle lacks. */

import { customType } from "drizzle-orm/pg-core";
import { arrayOfNumbers, arrayOfTexts, textsFromArray } from "./arrays.ts";

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => "bytea",
});

/** Text in the order of its bytes, whatever the database's collation is. */
export const orderedText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

/** Texts in the order of their bytes. Drizzle's own arrays lose backslashes. */
export const orderedTexts = customType<{ data: readonly string[]; driverData: string }>({
  dataType: () => 'text array collate "C"',
  toDriver: arrayOfTexts,
  fromDriver: textsFromArray,
});

/** An array of int8, exact. */
export const bigints = customType<{ data: readonly bigint[]; driverData: string }>({
  dataType: () => "bigint[]",
  toDriver: arrayOfNumbers,
  fromDriver: (text) => textsFromArray(text).map(BigInt),
});

/** An array of int8, exact, where an element may be null. */
export const sparseBigints = customType<{
  data: readonly (bigint | undefined)[];
  driverData: string;
}>({
  dataType: () => "bigint[]",
  toDriver: arrayOfNumbers,
  fromDriver: (text) =>
    textsFromArray(text).map((element) => (element === "NULL" ? undefined : BigInt(element))),
});
