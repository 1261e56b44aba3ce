import { type Change, m } from "./change.ts";

const enums: readonly Change[] = [
  {
    change: "number to enum",
    before: `${m("int32 a = 1;")} enum E { X = 0; }`,
    after: `${m("E a = 1;")} enum E { X = 0; }`,
    confluent: "both",
  },
  {
    change: "enum to bool",
    before: `${m("E a = 1;")} enum E { X = 0; }`,
    after: `${m("bool a = 1;")} enum E { X = 0; }`,
    confluent: "both",
  },
  {
    change: "enum to string",
    before: `${m("E a = 1;")} enum E { X = 0; }`,
    after: `${m("string a = 1;")} enum E { X = 0; }`,
    confluent: "neither",
  },
  {
    change: "enum to another enum",
    before: `${m("E a = 1;")} enum E { X = 0; } enum F { Y = 0; }`,
    after: `${m("F a = 1;")} enum E { X = 0; } enum F { Y = 0; }`,
    confluent: "both",
  },
  { change: "enum added", before: m(""), after: `${m("")} enum E { X = 0; }`, confluent: "both" },
  { change: "enum removed", before: `${m("")} enum E { X = 0; }`, after: m(""), confluent: "both" },
  {
    change: "enum's value added",
    before: "enum E { X = 0; }",
    after: "enum E { X = 0; Y = 1; }",
    confluent: "both",
  },
  {
    change: "enum's value removed",
    before: "enum E { X = 0; Y = 1; }",
    after: "enum E { X = 0; }",
    confluent: "both",
  },
  {
    change: "enum's value renamed",
    before: "enum E { X = 0; Y = 1; }",
    after: "enum E { X = 0; Z = 1; }",
    confluent: "both",
  },
];

const messages: readonly Change[] = [
  { change: "message added", before: m(""), after: `${m("")} message N {}`, confluent: "backward" },
  {
    change: "message removed",
    before: `${m("")} message N {}`,
    after: m(""),
    confluent: "forward",
  },
  {
    change: "message renamed",
    before: "message M {}",
    after: "message N {}",
    confluent: "neither",
  },
  {
    change: "messages reordered",
    before: "message M {} message N {}",
    after: "message N {} message M {}",
    confluent: "both",
  },
  {
    change: "nested message added",
    before: m(""),
    after: m("message N {}"),
    confluent: "backward",
  },
  {
    change: "message moved out of its parent",
    before: m("N a = 1; message N {}"),
    after: `${m("N a = 1;")} message N {}`,
    confluent: "neither",
  },
  {
    change: "field added to a nested message",
    before: m("message N { int32 a = 1; }"),
    after: m("message N { int32 a = 1; int32 b = 2; }"),
    confluent: "both",
  },
  {
    change: "type changed in a nested message",
    before: m("message N { int32 a = 1; }"),
    after: m("message N { string a = 1; }"),
    confluent: "neither",
  },
  {
    change: "field of another message",
    before: `${m("N a = 1;")} message N {} message O {}`,
    after: `${m("O a = 1;")} message N {} message O {}`,
    confluent: "neither",
  },
  {
    change: "number to message",
    before: `${m("int32 a = 1;")} message N {}`,
    after: `${m("N a = 1;")} message N {}`,
    confluent: "neither",
  },
  {
    change: "bytes to message",
    before: `${m("bytes a = 1;")} message N {}`,
    after: `${m("N a = 1;")} message N {}`,
    confluent: "neither",
  },
  {
    change: "recursive message grows",
    before: m("M a = 1;"),
    after: m("M a = 1; repeated M b = 2;"),
    confluent: "both",
  },
  {
    change: "service added",
    before: m(""),
    after: `${m("")} service S { rpc Get(M) returns (M); }`,
    confluent: "both",
  },
  {
    change: "package renamed",
    before: m("int32 a = 1;"),
    after: m("int32 a = 1;"),
    renamesPackage: true,
    confluent: "neither",
  },
];

const maps: readonly Change[] = [
  { change: "map added", before: m(""), after: m("map<string, int32> a = 1;"), confluent: "both" },
  {
    change: "map's value widened",
    before: m("map<string, int32> a = 1;"),
    after: m("map<string, int64> a = 1;"),
    confluent: "both",
  },
  {
    change: "map's value to string",
    before: m("map<string, int32> a = 1;"),
    after: m("map<string, string> a = 1;"),
    confluent: "neither",
  },
  {
    change: "map's key to string",
    before: m("map<int32, int32> a = 1;"),
    after: m("map<string, int32> a = 1;"),
    confluent: "neither",
  },
  {
    change: "map to repeated entry",
    before: m("map<string, int32> a = 1;"),
    after: m("repeated N a = 1; message N { string key = 1; int32 value = 2; }"),
    confluent: "neither",
  },
  {
    change: "type changed in a map's message",
    before: m("map<string, N> a = 1; message N { int32 a = 1; }"),
    after: m("map<string, N> a = 1; message N { float a = 1; }"),
    confluent: "neither",
  },
];

export const typeChanges: readonly Change[] = [...enums, ...messages, ...maps];
