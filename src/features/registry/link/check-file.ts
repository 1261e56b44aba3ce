import { maximumEdition, minimumEdition } from "@bufbuild/protobuf";
import { Edition, type FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../core/failure.ts";
import type { Problems } from "./problems.ts";

/** Anything but control characters and backslashes, which other systems use as a separator. */
const pathSegment = /^[^\\\p{Cc}]+$/u;

/** Checks a file's path, syntax and edition, and which of its imports are public. */
export function checkFile(file: FileDescriptorProto, problems: Problems): void {
  const segments = file.name.split("/");
  if (segments.some((part) => part === "." || part === ".." || !pathSegment.test(part))) {
    problems.add(
      file.name,
      'has a path with an empty part, ".", "..", a backslash or control characters',
    );
  }
  switch (file.syntax) {
    case "":
    case "proto2":
    case "proto3":
      break;
    case "editions":
      if (!isSupported(file.edition)) {
        const name = Edition[file.edition] ?? file.edition;
        problems.add(file.name, `is written in ${name}, expected 2023 or a later known one`);
      }
      break;
    default:
      problems.add(file.name, `has the syntax ${quoted(file.syntax)}, expected proto2 or proto3`);
  }
  for (const at of [...file.publicDependency, ...file.weakDependency]) {
    if (file.dependency[at] === undefined) {
      problems.add(file.name, `has a public or weak import ${at}, expected one it imports`);
    }
  }
}

function isSupported(edition: Edition): boolean {
  return edition >= Edition.EDITION_2023 && edition >= minimumEdition && edition <= maximumEdition;
}
