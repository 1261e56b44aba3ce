import { expect, test } from "bun:test";
import { renderRate } from "./rate-text.ts";

test.each([
  [0, "0/s"],
  [1234.4, "1,234/s"],
  [99.96, "100/s"],
  [12.44, "12.4/s"],
  [2, "2/s"],
  [0.5, "0.5/s"],
  [0.4, "1 every 2.5 s"],
  [1 / 40, "1 every 40 s"],
  [1 / 60, "1 every 60 s"],
  [1 / 300, "1 every 5 min"],
  [1 / 3600, "1 every 1 h"],
])("%d a second is %s", (perSecond, text) => {
  expect(renderRate(perSecond)).toBe(text);
});
