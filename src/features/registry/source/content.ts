/**
 * The identity of a schema. The path of its file is a label and not part of its content, because
 * clients send the same text under different names, or without one.
 */

import { createHash } from "node:crypto";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { LinkedSchema } from "../link/linked.ts";

/** SHA-256 of the linked files without the path of the own one; lower-case hex. */
export function contentOf(schema: LinkedSchema): string {
  const hash = createHash("sha256");
  for (const file of fromBinary(FileDescriptorSetSchema, schema.set).file) {
    if (file.name === schema.file) file.name = "";
    const bytes = toBinary(FileDescriptorProtoSchema, file);
    // The length first, because the boundaries of files are content as well.
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
