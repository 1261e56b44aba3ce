/** The path of a schema that was sent without one. */

import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/**
 * From the package and the first type, as style guides name files: `acme.v1` and `WatchEvent` give
 * `acme/v1/watch_event.proto`. So different schemas seldom share a path, which the descriptor pools
 * of some languages do not allow. `files` are the file itself and its imports, whose paths are taken.
 */
export function fileNameFor(
  own: FileDescriptorProto,
  files: ReadonlyMap<string, FileDescriptorProto>,
): string {
  const isTaken = (path: string) => files.has(path) && files.get(path) !== own;
  const first = own.messageType[0] ?? own.enumType[0] ?? own.service[0] ?? own.extension[0];
  const folder = own.package === "" ? "" : `${own.package.replaceAll(".", "/")}/`;
  const stem = `${folder}${first === undefined ? "schema" : snakeCase(first.name)}`;
  let path = `${stem}.proto`;
  for (let n = 2; isTaken(path); n++) path = `${stem}_${n}.proto`;
  return path;
}

function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}
