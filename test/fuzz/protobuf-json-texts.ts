/** JSON texts of one message with every kind of field, mostly right. */

import { damaged, type FuzzRandom } from "./generate.ts";

export const proto = `edition = "2023"; package f;
  import "google/protobuf/any.proto"; import "google/protobuf/duration.proto";
  import "google/protobuf/field_mask.proto"; import "google/protobuf/struct.proto";
  import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
  message All {
    int32 i32 = 1; uint32 u32 = 2; sint64 s64 = 3; fixed64 f64 = 4; float flt = 5; double dbl = 6;
    bool flag = 7; string text = 8; bytes raw = 9; Open open = 10; Closed closed = 11;
    All inner = 12; repeated int64 longs = 13; repeated All list = 14; repeated float floats = 15;
    map<string, int32> by_text = 16; map<int64, string> by_long = 17; map<bool, All> by_flag = 18;
    map<string, google.protobuf.Value> values = 19; map<uint32, Open> opens = 38;
    oneof one { int32 first = 20; string second = 21; All third = 22; }
    google.protobuf.Timestamp at = 23; google.protobuf.Duration took = 24;
    google.protobuf.FieldMask mask = 25; google.protobuf.Struct struct = 26;
    google.protobuf.Value value = 27; google.protobuf.ListValue items = 28;
    google.protobuf.Any any = 29; google.protobuf.Int64Value boxed_long = 30;
    google.protobuf.FloatValue boxed_float = 31; google.protobuf.BoolValue boxed_flag = 32;
    google.protobuf.BytesValue boxed_raw = 33; google.protobuf.NullValue nil = 34;
    int32 renamed = 35 [json_name = "@other name"]; repeated google.protobuf.Timestamp times = 36;
    repeated Closed closeds = 37;
    extensions 100 to 200;
  }
  extend All { All extra = 100; int64 number = 101; }
  enum Open { NONE = 0; ONE = 1; UNO = 1; MINUS = -1; option allow_alias = true; }
  enum Closed { option features.enum_type = CLOSED; ZERO = 0; FIVE = 5; }`;

type Make = (random: FuzzRandom, depth: number) => string;

const integers = [
  ...["0", "-0", "1", "-1", "7", "1.0", "1e3", "1E2", "12e-1", "10e-1", "1.5", "0.0", "100e-2"],
  ...["2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296"],
  ...["9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808"],
  ...["-9223372036854775809", "18446744073709551615", "18446744073709551616", "1e18", "1e19"],
  ...["1e400", "0e999999999", "1e-999999999", "000", "01", "+1", "1.", ".5", "0x1F", "1_0", " 7 "],
  ...[
    "",
    "NaN",
    "Infinity",
    "-Infinity",
    "nan",
    "true",
    "--1",
    "1e",
    "1e+",
    "1n",
    "\u0663",
    "1\\n",
  ],
];
const floats = [
  ...[
    "0.1",
    "-0.0",
    "3.4028234e38",
    "3.5e38",
    "-3.5e38",
    "1.7976931348623157e308",
    "1e309",
    "1e-50",
  ],
  ...["NaN", "Infinity", "-Infinity", "inf", "1e-400", "5e-324", "1.17549435e-38", "16777217"],
];
const numbers: Make = (random) => random.pick([...integers, ...floats]);
/** Quoted or not. */
const number: Make = (random, depth) =>
  random.chance(0.3) ? quote(numbers(random, depth)) : numbers(random, depth);
const times = [
  ...[
    "2024-02-29T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "0001-01-01T00:00:00Z",
  ],
  ...["0000-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-00:01"],
  ...[
    "0001-01-01T00:00:00+00:01",
    "2024-01-01T00:00:60Z",
    "2024-01-01T00:60:00Z",
    "2024-1-1T0:0:0Z",
  ],
  ...[
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-00T00:00:00Z",
    "2024-04-31T00:00:00Z",
  ],
  ...[
    "2024-01-01t00:00:00Z",
    "2024-01-01T00:00:00z",
    "2024-01-01T00:00:00",
    "2024-01-01 00:00:00Z",
  ],
  ...["2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.1234567891Z", "2024-01-01T00:00:00.Z"],
  ...["2024-01-01T01:02:03+02:30", "2024-01-01T01:02:03-14:00", "2024-01-01T01:02:03+0200", ""],
  ...["2100-02-29T00:00:00Z", "2000-02-29T12:34:56.000001Z", "1969-12-31T23:59:59.5Z", "12"],
];
const durations = [
  ...["0s", "1s", "-1s", "1.5s", "-0.5s", "1.000000001s", "1.0000000001s", "s", "1", ".5s", "1.s"],
  ...["315576000000s", "315576000001s", "-315576000000s", "+1s", "1_0s", "1s ", "1e3s", "-s", ""],
];
const masks = [
  "",
  "a",
  "a.b,c",
  "fooBar.baz",
  "foo_bar",
  "a,",
  ",a",
  "a..b",
  "A",
  "1a",
  "a b",
  "*",
];
const names = ["NONE", "ONE", "UNO", "MINUS", "ZERO", "FIVE", "none", "", "1"];
const raws = [
  "",
  "AA==",
  "AA",
  "AAE=",
  "AAE",
  "-_-_",
  "+/+/",
  "+/-_",
  "A",
  "AA=",
  "A===",
  "AAAA=",
  "*",
];

const string: Make = (random) =>
  quote(random.text(["a", "é", "😀", '\\"', "\\\\", "\\n", "\\u0041", "\\ud83d\\ude00", "\\/"], 6));
const rareString: Make = (random) =>
  quote(
    random.pick(["\\ud800", "\\udc00x", "\\x", "\\u12", "\t", "\u0000", "\ufeff", "__proto__"]),
  );
const any: Make = (random, depth) =>
  random.pick<Make>([
    () => "{}",
    () => `{"@type":"type.googleapis.com/f.All","i32":${number(random, depth)}}`,
    () => `{"text":"a","@type":"x/f.All","any":${depth > 0 ? any(random, depth - 1) : "{}"}}`,
    () => `{"@type":"google.protobuf.Duration","value":${pickQuoted(durations)(random, depth)}}`,
    () => `{"@type":"a/google.protobuf.Int64Value","value":${number(random, depth)}}`,
    () => `{"@type":"a/google.protobuf.Value","value":${value(random, depth)}}`,
    () => '{"@type":"a/google.protobuf.Struct","value":{"a":1},"more":1}',
    () => '{"@type":"a/google.protobuf.BoolValue"}',
    () => '{"@type":"a/f.Gone"}',
    () => '{"@type":5}',
    () => '{"i32":1}',
  ])(random, depth);
const value: Make = (random, depth) =>
  random.pick<Make>([
    () => "null",
    numbers,
    string,
    () => random.pick(["true", "false"]),
    (_, left) => (left > 0 ? list(value)(random, left - 1) : "[]"),
    (_, left) => (left > 0 ? object(string, value)(random, left - 1) : "{}"),
  ])(random, depth);

const fields: readonly (readonly [names: readonly string[], make: Make])[] = [
  [
    ["i32", "u32", "s64", "f64", "first", "boxedLong", "boxed_long", "@other name", "renamed"],
    number,
  ],
  [["[f.number]", "longs"], number],
  [["flt", "dbl", "boxedFloat"], number],
  [["flag", "boxedFlag"], (random) => random.pick(["true", "false", '"true"', "1", "null"])],
  [
    ["text", "second"],
    (random, depth) => (random.chance(0.1) ? rareString : string)(random, depth),
  ],
  [["raw", "boxedRaw"], pickQuoted(raws)],
  [["open", "closed"], enumeration],
  [["inner", "third", "[f.extra]"], (random, depth) => message(random, depth - 1)],
  [["longs", "floats"], list(number)],
  [["list"], (random, depth) => list(message)(random, depth - 1)],
  [["byText", "by_text"], object(string, number)],
  [["byLong"], object((random) => quote(random.pick(integers)), string)],
  [
    ["byFlag"],
    object(pickQuoted(["true", "false", "True", "1"]), (random, d) => message(random, d - 1)),
  ],
  [["opens"], object((random) => quote(random.pick(integers)), enumeration)],
  [["values"], object(string, value)],
  [["at"], pickQuoted(times)],
  [["times"], list(pickQuoted(times))],
  [["took"], pickQuoted(durations)],
  [["mask"], pickQuoted(masks)],
  [["struct"], object(string, value)],
  [["value"], value],
  [["items"], list(value)],
  [["any"], any],
  [["nil"], (random) => random.pick(["null", '"NULL_VALUE"', "0", "1"])],
  [["closeds"], list(enumeration)],
  [["gone", "Text", "[f.gone]", "__proto__", "constructor"], number],
];

/** One message; a few of its fields have a value of another kind. */
export function messageText(random: FuzzRandom): Uint8Array<ArrayBuffer> {
  const text = message(random, 3);
  const spaced = random.chance(0.2)
    ? text.replaceAll(",", " ,\n\t").replaceAll(":", " :\r ")
    : text;
  const bytes = new TextEncoder().encode(spaced);
  return random.chance(0.1) ? damaged(random, bytes) : bytes;
}

function message(random: FuzzRandom, depth: number): string {
  if (depth <= 0) return "{}";
  const members = random.list(4, () => {
    const [known, make] = random.pick(fields);
    const [, other] = random.pick(fields);
    const json = random.chance(0.03) ? "null" : (random.chance(0.05) ? other : make)(random, depth);
    return `${quote(random.pick(known))}:${json}`;
  });
  return `{${members.join(",")}}`;
}

function enumeration(random: FuzzRandom): string {
  return random.chance(0.7)
    ? quote(random.pick(names))
    : random.pick(["0", "1", "5", "-1", "7", "1.0"]);
}

function list(make: Make): Make {
  return (random, depth) => `[${random.list(3, () => make(random, depth)).join(",")}]`;
}

function object(key: Make, make: Make): Make {
  return (random, depth) =>
    `{${random.list(3, () => `${key(random, depth)}:${make(random, depth)}`).join(",")}}`;
}

function pickQuoted(choices: readonly string[]): Make {
  return (random) => quote(random.pick(choices));
}

/** Escapes are in the text already. */
function quote(text: string): string {
  return `"${text}"`;
}
