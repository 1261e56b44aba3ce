import { type Change, m } from "./change.ts";

const use = 'import "$d.proto";';
const home = `${use} ${m("$d.Home a = 1;")}`;

/** Changes of what a schema imports, whose own text stays as it was where `before` is `after`. */
export const importChanges: readonly Change[] = [
  {
    change: "imported message: field added",
    before: home,
    after: home,
    imports: {
      before: "message Home { int32 id = 1; }",
      after: "message Home { int32 id = 1; string name = 2; }",
    },
    confluent: "both",
  },
  {
    change: "imported message: type changed",
    before: home,
    after: home,
    imports: {
      before: "message Home { int32 id = 1; }",
      after: "message Home { string id = 1; }",
    },
    confluent: "neither",
  },
  {
    change: "imported message: type changed two messages deep",
    before: home,
    after: home,
    imports: {
      before: "message Home { Room r = 1; } message Room { int32 id = 1; }",
      after: "message Home { Room r = 1; } message Room { double id = 1; }",
    },
    confluent: "neither",
  },
  {
    change: "imported message: type changed in a cycle of messages",
    before: home,
    after: home,
    imports: {
      before: "message Home { Room r = 1; } message Room { Home h = 1; int32 id = 2; }",
      after: "message Home { Room r = 1; } message Room { Home h = 1; bytes id = 2; }",
    },
    confluent: "neither",
  },
  {
    change: "imported message: nested message removed",
    before: home,
    after: home,
    imports: { before: "message Home { message Room {} }", after: "message Home {}" },
    confluent: "forward",
  },
  {
    change: "imported file: message removed that no field uses",
    before: home,
    after: home,
    imports: { before: "message Home {} message Room {}", after: "message Home {}" },
    confluent: "both",
  },
  {
    change: "imported enum: value removed",
    before: `${use} ${m("$d.E a = 1;")}`,
    after: `${use} ${m("$d.E a = 1;")}`,
    imports: { before: "enum E { X = 0; Y = 1; }", after: "enum E { X = 0; }" },
    confluent: "both",
  },
  {
    change: "message moved into an import",
    before: `${m("Home a = 1;")} message Home { int32 id = 1; }`,
    after: home,
    imports: { after: "message Home { int32 id = 1; }" },
    confluent: "forward",
  },
  {
    change: "message moved from an import",
    before: home,
    after: `${m("Home a = 1;")} message Home { int32 id = 1; }`,
    imports: { before: "message Home { int32 id = 1; }" },
    confluent: "backward",
  },
  {
    change: "message moved from an import, its type changed",
    before: home,
    after: `${m("Home a = 1;")} message Home { fixed64 id = 1; }`,
    imports: { before: "message Home { int32 id = 1; }" },
    confluent: "neither",
  },
  {
    change: "well-known type to another",
    before: `import "google/protobuf/timestamp.proto"; ${m("google.protobuf.Timestamp a = 1;")}`,
    after: `import "google/protobuf/duration.proto"; ${m("google.protobuf.Duration a = 1;")}`,
    confluent: "neither",
  },
  {
    change: "well-known type added",
    before: m(""),
    after: `import "google/protobuf/timestamp.proto"; ${m("google.protobuf.Timestamp a = 1;")}`,
    confluent: "both",
  },
  {
    change: "group to message",
    syntax: "proto2",
    before: m("optional group N = 1 { optional int32 a = 1; }"),
    after: m("optional N n = 1; message N { optional int32 a = 1; }"),
    // Groups are no fields to it: one is added, and a message.
    confluent: "backward",
    sluice: { verdict: "neither", why: "a group's bytes are no length-prefixed message's" },
  },
];
