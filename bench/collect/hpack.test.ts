import { expect, test } from "bun:test";
import { encodeFields, FieldDecoder } from "./hpack.ts";

test("the requests of RFC 7541, C.4: Huffman's code, names that are remembered", () => {
  const decoder = new FieldDecoder();
  const decode = (hex: string) => Object.fromEntries(decoder.decode(Buffer.from(hex, "hex")));
  // Of the table that comes with HTTP/2: gRPC's own fields are not in it.
  expect(decode("828684418cf1e3c2e5f23a6ba0ab90f4ff")).toEqual({});
  expect(decode("828684be5886a8eb10649cbf")).toEqual({});
  expect(decode("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")).toEqual({
    "custom-key": "custom-value",
  });
  // The newest of those that were remembered.
  expect(decode("be")).toEqual({ "custom-key": "custom-value" });
});

test("a new size of the table is no field", () => {
  const all = new FieldDecoder().decode(Buffer.from("3fe11f000b677270632d7374617475730130", "hex"));
  expect(Object.fromEntries(all)).toEqual({ "grpc-status": "0" });
});

test("what is encoded is read again", () => {
  const fields = [
    ["grpc-status", "8"],
    ["grpc-message", "too much %E2%82%AC"],
  ] as const;
  expect([...new FieldDecoder().decode(encodeFields(fields))]).toEqual(
    fields.map(([name, value]): [string, string] => [name, value]),
  );
});

test("a value that the form has no room for is refused", () => {
  expect(() => encodeFields([["x", "y".repeat(127)]])).toThrow("it is too long");
});
