import { expect, test } from "bun:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { fileNameFor } from "./file-name.ts";

const file = (init: MessageInitShape<typeof FileDescriptorProtoSchema>) =>
  create(FileDescriptorProtoSchema, init);

const named = [
  ["acme.v1", "WatchEvent", "acme/v1/watch_event.proto"],
  ["acme.v1", "HTTPServer2Config", "acme/v1/http_server2_config.proto"],
  ["", "watch", "watch.proto"],
] as const;

for (const [pack, name, path] of named) {
  test(`names a file of ${pack === "" ? "no package" : pack} with ${name}`, () => {
    const own = file({ name: "schema.proto", package: pack, messageType: [{ name }] });
    expect(fileNameFor(own, new Map([["schema.proto", own]]))).toBe(path);
  });
}

test("names a file without messages by its first declaration, if it has any", () => {
  const none = new Map();
  expect(fileNameFor(file({ package: "a", enumType: [{ name: "Unit" }] }), none)).toBe(
    "a/unit.proto",
  );
  expect(fileNameFor(file({ package: "a" }), none)).toBe("a/schema.proto");
});

test("avoids the paths of its imports, but not its current path", () => {
  const own = file({ name: "schema.proto" });
  const files = new Map([["schema.proto", own]]);
  expect(fileNameFor(own, files)).toBe("schema.proto");
  files.set("schema.proto", file({ name: "schema.proto" }));
  expect(fileNameFor(own, files)).toBe("schema_2.proto");
});
