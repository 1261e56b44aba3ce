import { expect, test } from "bun:test";
import { address, choice, flag, number, text, texts, wholeNumber } from "./parameters.ts";
import { nearest, parseWords } from "./parse.ts";

const declared = {
  arguments: {
    name: text({ doc: "", value: "NAME", required: true }),
    more: texts({ doc: "", value: "MORE" }),
  },
  options: {
    "id-column": text({ doc: "", value: "NAME", default: "id" }),
    limit: wholeNumber({ doc: "", value: "N", min: 0, max: 9 }),
    rate: number({ doc: "", value: "N", default: "1", min: 0.5, max: 2 }),
    level: choice({ doc: "", choices: ["FULL", "NONE"] }),
    root: texts({ doc: "", value: "DIR" }),
    url: address({ doc: "", value: "URL", environment: "SLUICE_URL", example: "http://h:1" }),
    json: flag(""),
    old: flag(""),
  },
};

function parsed(line: string, environment: Record<string, string> = {}) {
  const words = line.split(" ").filter((word) => word !== "");
  return parseWords(declared, words, ["sluice", "do"], environment);
}

const nothing = {
  ...{ name: "x", more: [], idColumn: "id", limit: undefined, rate: 1, level: undefined },
  ...{ root: [], url: undefined, json: false, old: false },
};

test("options have types, defaults and variables; they come in any order", () => {
  expect(parsed("x")).toEqual(nothing);
  expect(parsed("--json x --limit=3 y z --root a --root b --level full --rate 1.5")).toEqual({
    ...nothing,
    ...{ more: ["y", "z"], limit: 3, rate: 1.5, level: "FULL", root: ["a", "b"], json: true },
  });
  expect(parsed("x --id-column n --limit 1 --limit 2")).toMatchObject({ idColumn: "n", limit: 2 });
  expect(parsed("-- --json")).toEqual({ ...nothing, name: "--json" });
  expect(parsed("x", { SLUICE_URL: "h:9" })).toMatchObject({ url: "http://h:9" });
  expect(parsed("x --url b:1", { SLUICE_URL: "a:1" })).toMatchObject({ url: "http://b:1" });
  expect(parsed("x", { SLUICE_URL: "" })).toMatchObject({ url: undefined });
});

test("addresses have two forms", () => {
  const urlOf = (given: string) => parsed(`x --url ${given}`)["url"];
  expect(urlOf("http://h:9000/")).toBe("http://h:9000");
  expect(urlOf("https://h/base/")).toBe("https://h/base");
  expect(urlOf("localhost:9000")).toBe("http://localhost:9000");
  expect(urlOf("[::1]:9000")).toBe("http://[::1]:9000");
  for (const wrong of ["here", "h:port", "ftp://h:1", "http://", "h:70000", ":9000"]) {
    expect(() => urlOf(wrong)).toThrow(`Cannot use --url ${wrong}: expected one like http://h:1`);
  }
});

test("wrong words are reported in the words of the command", () => {
  const cases = [
    ["", "Cannot run sluice do: NAME is missing"],
    ["x --limt 1", "Cannot use --limt: sluice do does not have it; did you mean --limit?"],
    ["x -q", "Cannot use -q: sluice do does not have it"],
    ["x --limit -1", "Cannot use --limit -1: expected a whole number from 0 to 9"],
    ["x --limit 1.5", "Cannot use --limit 1.5: expected a whole number from 0 to 9"],
    ["x --limit 10", "Cannot use --limit 10: expected a whole number from 0 to 9"],
    ["x --limit", "Cannot use --limit: its value is missing, expected N"],
    ["x --limit --json", "Cannot use --limit: its value is missing, expected N"],
    ["x --rate 3", "Cannot use --rate 3: expected a number from 0.5 to 2"],
    ["x --rate=", "Cannot use --rate : expected a number from 0.5 to 2"],
    ["x --level FUL", "Cannot use --level FUL: expected FULL or NONE"],
    ["x --json=1", "Cannot use --json=1: --json takes no value"],
  ] as const;
  for (const [line, message] of cases) expect(() => parsed(line)).toThrow(message);
});

test("the nearest name is one that was probably meant", () => {
  const names = ["list", "show", "create", "delete"];
  expect(["lst", "crate", "cre", "delet"].map((given) => nearest(given, names))).toEqual([
    "list",
    "create",
    "create",
    "delete",
  ]);
  for (const given of ["x", "remove", ""]) expect(nearest(given, names)).toBeUndefined();
});
