/** The option of every simulator that draws random numbers. */

import { wholeNumber } from "../command/parameters.ts";

export const seedOption = wholeNumber({
  doc: "of the random numbers",
  value: "N",
  default: "1",
  min: 0,
  max: 2 ** 32 - 1,
});
