/** Files that between them use all of the language. Each is compiled as it stands, by path. */
export const corpus: Readonly<Record<string, string>> = {
  "corpus/proto3.proto": `
    syntax = "proto3";
    package corpus.three;
    import "google/protobuf/any.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import public "corpus/proto2.proto";
    option java_package = "com.example.\\"three\\"";
    option java_multiple_files = true;
    option optimize_for = LITE_RUNTIME;

    // Between fields, so that the order of nested types is not that of their kinds.
    message Watch {
      option deprecated = true;
      string id = 1;
      map<string, Reading> readings = 2;
      message Reading { double value = 1 [json_name = "v"]; google.protobuf.Timestamp at = 2; }
      map<int64, Kind> kinds = 3;
      enum Kind { KIND_UNSPECIFIED = 0; HEART = 1 [deprecated = true]; reserved 5, 7 to 9, 11 to max; reserved "OLD"; }
      oneof payload {
        google.protobuf.Any any = 4;
        bytes raw = 5;
        Watch inner = 6;
      }
      optional int32 steps = 7;
      repeated sfixed64 packed = 8;
      repeated int32 unpacked = 9 [packed = false];
      Kind kind = 10;
      // A field whose name hides a type.
      Hidden Hidden = 11;
      message Deep { message Deeper { Watch.Deep.Deeper self = 1; Reading reading = 2; } }
      Deep.Deeper deeper = 12;
      optional string second = 13;
      reserved 100, 200 to 299, 1000 to max;
      reserved "gone", "also_gone";
      google.protobuf.Struct struct = 14;
      corpus.two.Old old = 15;
    }
    message Hidden {}
    message Empty {}
    enum Alias { option allow_alias = true; A = 0; B = 0; C = -1; }
    service Watches {
      option deprecated = true;
      rpc Get(Watch) returns (Watch.Reading);
      rpc Stream(stream Watch) returns (stream .corpus.three.Empty) { option idempotency_level = NO_SIDE_EFFECTS; }
    }
  `,
  "corpus/proto2.proto": `
    syntax = "proto2";
    package corpus.two;
    message Old {
      required string name = 1 [default = "a\\"b\\n\\\\ü"];
      optional bytes raw = 2 [default = "\\001\\xff\\"z"];
      optional float f = 3 [default = -inf];
      optional double d = 4 [default = 1.5e10, deprecated = true];
      optional Size size = 5 [default = LARGE];
      optional bool on = 6 [default = true];
      optional sint64 n = 7 [default = -9223372036854775808];
      enum Size { SMALL = 1; LARGE = 2; }
      message Before {}
      optional group Group = 8 { optional int32 a = 1; repeated group Inner = 2 { optional int32 b = 1; } }
      message Between {}
      map<string, Old> map = 9;
      oneof choice { string s = 10; group Picked = 11 { optional int32 c = 1; } }
      extensions 100 to 199 [verification = UNVERIFIED];
      extensions 500, 1000 to max;
      extend Old { optional Old nested = 101; repeated int32 numbers = 102 [packed = true]; }
    }
    message First {}
    extend Old { optional string text = 103; optional group Ext = 104 { optional int32 x = 1; } optional First first = 105; }
    message Set { option message_set_wire_format = true; extensions 4 to max; }
    extend Set { optional First in_set = 4; }
  `,
  "corpus/options.proto": `
    syntax = "proto3";
    package corpus.options;
    import "google/protobuf/descriptor.proto";
    message Rule {
      string text = 1;
      repeated int32 numbers = 2;
      map<string, int64> limits = 3;
      Rule inner = 4;
      repeated Rule list = 5;
      bytes raw = 6;
      double d = 7;
      Level level = 8;
      uint64 big = 9;
      float f = 10;
      bool flag = 11;
      map<int32, Rule> rules = 12;
      string note = 13 [retention = RETENTION_SOURCE];
    }
    enum Level { LOW = 0; HIGH = 1; }
    extend google.protobuf.FileOptions { Rule file = 50000; }
    extend google.protobuf.MessageOptions { repeated string tags = 50000; Rule message = 50001; }
    extend google.protobuf.FieldOptions { Rule field = 50000; repeated Level levels = 50001; sint64 z = 50002; Rule noted = 50003 [retention = RETENTION_SOURCE]; }
    extend google.protobuf.EnumOptions { string enum = 50000; }
    extend google.protobuf.EnumValueOptions { bool value = 50000; }
    extend google.protobuf.OneofOptions { bytes oneof = 50000; }
    extend google.protobuf.ServiceOptions { double service = 50000; }
    extend google.protobuf.MethodOptions { fixed64 method = 50000; }
    extend google.protobuf.ExtensionRangeOptions { int32 range = 50000; }
  `,
  "corpus/uses-options.proto": `
    syntax = "proto2";
    package corpus.uses;
    import "corpus/options.proto";
    option (corpus.options.file) = { text: "it's \\"so\\"\\n" numbers: [1, 2, -3] limits { key: "a" value: 1 } limits { key: "b" value: -2 } raw: "\\000\\377" };
    message Used {
      option (corpus.options.tags) = "x";
      option (corpus.options.tags) = "y";
      option (corpus.options.message).text = "part by part";
      option (corpus.options.message).inner.level = HIGH;
      optional int32 a = 1 [(corpus.options.field).inner.inner.f = 0.1, (corpus.options.field).d = inf, (corpus.options.levels) = LOW, (corpus.options.levels) = HIGH, (corpus.options.z) = -5];
      optional int32 b = 2 [(corpus.options.field) = { list { text: "1" } list { big: 18446744073709551615 } rules { key: 1 value { flag: true } } }];
      oneof o { option (corpus.options.oneof) = "\\x80 z"; int32 c = 3; }
      extensions 10 to 20 [(corpus.options.range) = 7];
      enum E { option (corpus.options.enum) = "e"; X = 0 [(corpus.options.value) = true, deprecated = true]; }
    }
    service S {
      option (corpus.options.service) = -0.25;
      rpc M(Used) returns (Used) { option (corpus.options.method) = 12345678901234567890; }
    }
  `,
  "corpus/compilers.proto": `
    syntax = "proto2";
    package corpus.compilers;
    import "corpus/options.proto";
    message Defaults {
      optional float tenth = 1 [default = 0.1];
      optional float large = 2 [default = 1.5e10];
      optional float most = 3 [default = 3.4028235e38];
      optional float least = 4 [default = 1e-45];
      optional float whole = 5 [default = -7];
      optional float zero = 6 [default = -0.0];
      optional float digits = 7 [default = 16777217.0];
      optional float infinite = 8 [default = inf];
      optional float none = 9 [default = nan];
      optional double tenth_double = 11 [default = 0.1];
      optional double large_double = 12 [default = 1.5e300];
      optional double least_double = 13 [default = 5e-324];
      optional double zero_double = 14 [default = -0.0];
      optional double digits_double = 15 [default = 0.1000000000000000055511151231257827];
      optional Alias alias = 16 [default = Y];
      optional Alias first = 17 [default = X];
      enum Alias { option allow_alias = true; W = 1; X = 5; Y = 5; }
    }
    message Source {
      option (corpus.options.message) = { text: "kept" note: "dropped" inner { note: "dropped" } list { note: "dropped" f: 0.1 } rules { key: 1 value { note: "dropped" } } };
      optional int32 a = 1 [(corpus.options.noted).text = "dropped", (corpus.options.field).note = "dropped"];
      optional int32 b = 2 [(corpus.options.noted).text = "dropped"];
      extensions 100 to 199 [declaration = { number: 100 full_name: ".corpus.compilers.declared" type: "int32" }];
      extensions 200 to 299 [verification = UNVERIFIED];
    }
    extend Source { optional int32 declared = 100; }
  `,
  "corpus/edition.proto": `
    edition = "2023";
    package corpus.edition;
    option features.field_presence = IMPLICIT;
    option features.enum_type = CLOSED;
    message E {
      int32 implicit = 1;
      int32 explicit = 2 [features.field_presence = EXPLICIT, default = 7];
      int32 required = 3 [features.field_presence = LEGACY_REQUIRED];
      repeated int32 expanded = 4 [features.repeated_field_encoding = EXPANDED];
      Sub delimited = 5 [features.message_encoding = DELIMITED];
      string text = 6 [features.utf8_validation = NONE];
      reserved gone, also_gone;
      reserved 9;
      message Sub { int32 a = 1; }
      enum Kind { option features.enum_type = OPEN; ZERO = 0; reserved OLD; }
      map<string, Sub> map = 7;
    }
    enum Closed { ONE = 1; }
  `,
  "corpus/edition2024.proto": `
    edition = "2024";
    package corpus.edition2024;
    export message Shown { local message Inner { int32 a = 1; } Inner inner = 1; }
    local message Hidden { int32 a = 1; }
    export enum Kind { KIND_UNSPECIFIED = 0; }
  `,
  "corpus/legacy2024.proto": `
    edition = "2024";
    package corpus.legacy2024;
    import "corpus/visible2024.proto";
    option features.enforce_naming_style = STYLE_LEGACY;
    message not_camel { int32 NotSnake = 1; corpus.visible2024.Outer.Nested nested = 2; }
  `,
  "corpus/visible2024.proto": `
    edition = "2024";
    package corpus.visible2024;
    option features.default_symbol_visibility = EXPORT_ALL;
    message Outer { message Nested { int32 a = 1; } local message Hidden { int32 a = 1; } }
  `,
  "no-package.proto": `
    syntax = "proto3";
    message Bare { Bare bare = 1; stream stream = 2; map<string, message> messages = 3; }
    message stream { string string = 1; }
    message message {}
  `,
};
