import { type Change, m, type Verdict } from "./change.ts";

const fields: readonly Change[] = [
  { change: "nothing", before: m("int32 a = 1;"), after: m("int32 a = 1;"), confluent: "both" },
  { change: "field added", before: m(""), after: m("int32 a = 1;"), confluent: "both" },
  { change: "field removed", before: m("int32 a = 1;"), after: m(""), confluent: "both" },
  {
    change: "field removed and reserved",
    before: m("int32 a = 1; int32 b = 2;"),
    after: m("reserved 1; int32 b = 2;"),
    confluent: "both",
  },
  {
    change: "field renamed",
    before: m("int32 a = 1;"),
    after: m("int32 b = 1;"),
    confluent: "both",
  },
  {
    change: "field's number changed",
    before: m("int32 a = 1;"),
    after: m("int32 a = 2;"),
    confluent: "both",
  },
  {
    change: "fields reordered",
    before: m("int32 a = 1; string b = 2;"),
    after: m("string b = 2; int32 a = 1;"),
    confluent: "both",
  },
  {
    change: "numbers of two fields swapped",
    before: m("int32 a = 1; string b = 2;"),
    after: m("int32 a = 2; string b = 1;"),
    confluent: "neither",
  },
  {
    change: "required field added",
    syntax: "proto2",
    before: m("optional int32 a = 1;"),
    after: m("optional int32 a = 1; required int32 b = 2;"),
    confluent: "neither",
  },
  {
    change: "required field removed",
    syntax: "proto2",
    before: m("optional int32 a = 1; required int32 b = 2;"),
    after: m("optional int32 a = 1;"),
    confluent: "neither",
  },
  {
    change: "proto2 default added",
    syntax: "proto2",
    before: m("optional int32 a = 1;"),
    after: m("optional int32 a = 1 [default = 7];"),
    confluent: "both",
  },
  {
    change: "field deprecated",
    before: m("int32 a = 1;"),
    after: m("int32 a = 1 [deprecated = true];"),
    confluent: "both",
  },
  {
    change: "JSON name changed",
    before: m("int32 a = 1;"),
    after: m('int32 a = 1 [json_name = "z"];'),
    confluent: "both",
  },
];

/** From, to, verdict of the source. */
const scalarChanges: readonly [string, string, Verdict][] = [
  ["int32", "int64", "both"],
  ["int32", "uint32", "both"],
  ["uint64", "int32", "both"],
  ["bool", "int64", "both"],
  ["int32", "sint32", "neither"],
  ["sint32", "sint64", "both"],
  ["uint32", "fixed32", "neither"],
  ["fixed32", "sfixed32", "both"],
  ["fixed64", "sfixed64", "both"],
  ["fixed32", "fixed64", "neither"],
  ["float", "double", "neither"],
  ["float", "fixed32", "neither"],
  ["double", "fixed64", "neither"],
  ["int64", "double", "neither"],
  ["string", "bytes", "both"],
  ["string", "int32", "neither"],
  ["bytes", "bool", "neither"],
];

const scalars: readonly Change[] = scalarChanges.map(([from, to, confluent]) => ({
  change: `${from} to ${to}`,
  before: m(`${from} a = 1;`),
  after: m(`${to} a = 1;`),
  confluent,
}));

const lossy = "numbers in a list are packed: who reads one number finds none";
const unset = "a record without it does not decode where it is required";

const labels: readonly Change[] = [
  {
    change: "proto3 number to optional number",
    before: m("int32 a = 1;"),
    after: m("optional int32 a = 1;"),
    confluent: "both",
  },
  {
    change: "proto3 number to repeated",
    before: m("int32 a = 1;"),
    after: m("repeated int32 a = 1;"),
    confluent: "both",
    sluice: { verdict: "neither", why: lossy },
  },
  {
    change: "optional number to repeated",
    before: m("optional int32 a = 1;"),
    after: m("repeated int32 a = 1;"),
    confluent: "neither",
  },
  {
    change: "optional float to repeated",
    before: m("optional float a = 1;"),
    after: m("repeated float a = 1;"),
    confluent: "neither",
  },
  {
    change: "optional string to repeated",
    before: m("optional string a = 1;"),
    after: m("repeated string a = 1;"),
    confluent: "both",
  },
  {
    change: "repeated bytes to optional",
    before: m("repeated bytes a = 1;"),
    after: m("optional bytes a = 1;"),
    confluent: "both",
  },
  {
    change: "message to repeated message",
    before: m("N a = 1; message N {}"),
    after: m("repeated N a = 1; message N {}"),
    confluent: "both",
  },
  {
    change: "enum to repeated enum",
    before: m("optional E a = 1; enum E { X = 0; }"),
    after: m("repeated E a = 1; enum E { X = 0; }"),
    confluent: "neither",
  },
  {
    change: "optional number to required",
    syntax: "proto2",
    before: m("optional int32 a = 1;"),
    after: m("required int32 a = 1;"),
    confluent: "neither",
  },
  {
    change: "optional string to required",
    syntax: "proto2",
    before: m("optional string a = 1;"),
    after: m("required string a = 1;"),
    confluent: "both",
    sluice: { verdict: "forward", why: unset },
  },
  {
    change: "required message to optional",
    syntax: "proto2",
    before: m("required N a = 1; message N {}"),
    after: m("optional N a = 1; message N {}"),
    confluent: "both",
    sluice: { verdict: "backward", why: unset },
  },
  {
    change: "packed number to unpacked",
    before: m("repeated int32 a = 1;"),
    after: m("repeated int32 a = 1 [packed = false];"),
    confluent: "both",
  },
  {
    change: "proto2 to proto3",
    syntax: { before: "proto2", after: "proto3" },
    before: m("optional int32 a = 1; repeated string b = 2;"),
    after: m("optional int32 a = 1; repeated string b = 2;"),
    confluent: "both",
  },
];

export const fieldChanges: readonly Change[] = [...fields, ...scalars, ...labels];
