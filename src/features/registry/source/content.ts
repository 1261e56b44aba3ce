/**
 * What makes two schemas one. The path of a schema's own file is a label and no content: clients
 * send the same text under names of their own, or under none.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createHash } from "node:crypto";
import type { LinkedSchema } from "../link/linked.ts";

/** SHA-256 of the linked files, whatever the own one is called; lower-case hex. */
export function contentOf(schema: LinkedSchema): string {
  const hash = createHash("sha256");
  for (const file of fromBinary(FileDescriptorSetSchema, schema.set).file) {
    if (file.name === schema.file) file.name = "";
    const bytes = toBinary(FileDescriptorProtoSchema, file);
    // Its length first: where one file ends is content, too.
    hash.update(`${bytes.length} `).update(bytes);
  }
  return hash.digest("hex");
}

/** A UUID (RFC 9562, version 8) of the content. */
export function guidFromContent(content: string): string {
  const [a, b, c, d, e] = [
    content.slice(0, 8),
    content.slice(8, 12),
    content.slice(13, 16),
    content.slice(17, 20),
    content.slice(20, 32),
  ];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}
