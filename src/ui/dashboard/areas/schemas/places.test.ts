import { expect, test } from "bun:test";
import { linesOfPaths } from "./places.ts";

test("paths lead to the lines of what they name", () => {
  const text = `syntax = "proto3";
package a.v1; // message No { int32 no = 9; }
/* message
   Neither { } */
message Watch {
  option (x) = { y: 1; };
  string id = 1 [(rule) = {pattern: "}"}];
  oneof value {
    int32 bpm = 2;
  }
  message Inner { bool on =
    7; }
  repeated
    string tags = 4;
}
enum State { NEW = 0; }
`;
  const lines = linesOfPaths(text);
  expect(Object.fromEntries(lines)).toEqual({
    "#/Watch": 4,
    "#/Watch/1": 6,
    "#/Watch/value": 7,
    "#/Watch/value/2": 8,
    "#/Watch/2": 8,
    "#/Watch/Inner": 10,
    "#/Watch/Inner/7": 10,
    "#/Watch/4": 12,
    "#/State": 15,
    "#/State/0": 15,
  });
});

test("a text that is no schema has no places, and takes no long time", () => {
  expect(linesOfPaths('}}}{{{;;;==="').size).toBe(0);
  const startedMs = performance.now();
  linesOfPaths("message A { string a = 1; }\n".repeat(40_000));
  linesOfPaths("/* ".repeat(300_000));
  expect(performance.now() - startedMs).toBeLessThan(2000);
});
