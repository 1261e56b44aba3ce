import { type Change, m } from "./change.ts";

const two = "int32 a = 1; int32 b = 2;";

export const oneofChanges: readonly Change[] = [
  {
    change: "oneof added with new fields",
    before: m("int32 a = 1;"),
    after: m("int32 a = 1; oneof o { int32 b = 2; int32 c = 3; }"),
    confluent: "both",
  },
  {
    change: "oneof removed with its fields",
    before: m("int32 a = 1; oneof o { int32 b = 2; int32 c = 3; }"),
    after: m("int32 a = 1;"),
    confluent: "both",
  },
  {
    change: "oneof renamed",
    before: m(`oneof o { ${two} }`),
    after: m(`oneof p { ${two} }`),
    confluent: "both",
  },
  {
    change: "oneof renamed, a field dropped",
    before: m(`oneof o { ${two} }`),
    after: m("oneof p { int32 a = 1; }"),
    confluent: "forward",
  },
  {
    change: "field added to a oneof",
    before: m("oneof o { int32 a = 1; }"),
    after: m(`oneof o { ${two} }`),
    confluent: "backward",
  },
  {
    change: "field removed from a oneof",
    before: m(`oneof o { ${two} }`),
    after: m("oneof o { int32 a = 1; }"),
    confluent: "forward",
  },
  {
    change: "one field moved into a new oneof",
    before: m("int32 a = 1;"),
    after: m("oneof o { int32 a = 1; string b = 2; }"),
    // Read the other way round, b was removed from a oneof of which a is left.
    confluent: "backward",
  },
  {
    change: "one field moved into a oneof that has only it",
    before: m(two),
    after: m("oneof o { int32 a = 1; } int32 b = 2;"),
    confluent: "both",
  },
  {
    change: "two fields moved into a oneof",
    before: m(two),
    after: m(`oneof o { ${two} }`),
    confluent: "forward",
  },
  {
    change: "field moved into a oneof that is there",
    before: m("int32 a = 1; oneof o { int32 b = 2; }"),
    after: m(`oneof o { ${two} }`),
    confluent: "forward",
  },
  {
    change: "field moved out of a oneof",
    before: m(`oneof o { ${two} }`),
    after: m("oneof o { int32 a = 1; } int32 b = 2;"),
    confluent: "backward",
  },
  {
    change: "oneof dissolved",
    before: m(`oneof o { ${two} }`),
    after: m(two),
    confluent: "backward",
  },
  {
    change: "field moved from oneof to oneof",
    before: m("oneof o { int32 a = 1; int32 b = 2; } oneof p { int32 c = 3; }"),
    after: m("oneof o { int32 a = 1; } oneof p { int32 c = 3; int32 b = 2; }"),
    confluent: "neither",
  },
  {
    change: "two oneofs merged",
    before: m("oneof o { int32 a = 1; } oneof p { int32 b = 2; }"),
    after: m(`oneof o { ${two} }`),
    confluent: "forward",
  },
  {
    change: "oneof split",
    before: m(`oneof o { ${two} }`),
    after: m("oneof o { int32 a = 1; } oneof p { int32 b = 2; }"),
    confluent: "backward",
  },
  {
    change: "field moved out of a oneof, its type changed",
    before: m("oneof o { int32 a = 1; }"),
    after: m("string a = 1;"),
    confluent: "neither",
  },
  {
    change: "type changed in a oneof",
    before: m(`oneof o { ${two} }`),
    after: m("oneof o { int32 a = 1; sint32 b = 2; }"),
    confluent: "neither",
  },
  {
    change: "type changed within its group in a oneof",
    before: m("oneof o { string a = 1; }"),
    after: m("oneof o { bytes a = 1; }"),
    confluent: "both",
  },
];
