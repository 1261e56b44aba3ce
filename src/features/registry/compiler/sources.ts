/** Checks what the compiler is given: bounds, and paths that stay inside their folder. */

import { Failure, invalidField, quoted } from "../../../core/failure.ts";

export const sourceLimits = {
  /** Bytes of all texts together in UTF-8; the largest files in use have half of it. */
  bytesMax: 1024 * 1024,
  filesMax: 500,
  /** Semicolons and opening braces of all texts: the compiler's time grows with the square of them. */
  statementsMax: 22_000,
  pathCharsMax: 500,
} as const;

const segmentPattern = /^[A-Za-z0-9_][A-Za-z0-9_.+@ -]*$/;

/** Throws `invalid` or `too_large`. */
export function checkSources(files: ReadonlyMap<string, string>): void {
  if (files.size > sourceLimits.filesMax) {
    throw new Failure(
      "too_large",
      `Cannot compile ${files.size} files: expected at most ${sourceLimits.filesMax}`,
    );
  }
  let bytes = 0;
  let statementsLeft: number = sourceLimits.statementsMax;
  for (const [path, text] of files) {
    checkPath(path, files);
    bytes += Buffer.byteLength(text);
    for (const char of [";", "{"]) statementsLeft -= countUpTo(statementsLeft + 1, text, char);
  }
  if (bytes > sourceLimits.bytesMax) {
    throw new Failure(
      "too_large",
      `Cannot compile ${bytes} bytes of text: expected at most ${sourceLimits.bytesMax}`,
    );
  }
  if (statementsLeft < 0) {
    throw new Failure(
      "too_large",
      `Cannot compile so many statements: expected at most ${sourceLimits.statementsMax} semicolons and braces`,
    );
  }
}

/** A text may have a million of them: no more are counted than decide. */
function countUpTo(max: number, text: string, char: string): number {
  let count = 0;
  let at = text.indexOf(char);
  while (at >= 0 && count < max) {
    count++;
    at = text.indexOf(char, at + 1);
  }
  return count;
}

function checkPath(path: string, files: ReadonlyMap<string, string>): void {
  const segments = path.split("/");
  const plain = segments.every((segment) => segmentPattern.test(segment));
  if (!plain || !path.endsWith(".proto") || path.length > sourceLimits.pathCharsMax) {
    refuse(path, "expected a relative one like acme/v1/watch.proto");
  }
  // "a.proto/b.proto" beside "a.proto": the latter would have to be a folder.
  for (let end = segments.length - 1; end > 0; end--) {
    const folder = segments.slice(0, end).join("/");
    if (files.has(folder)) refuse(path, `${quoted(folder)} is a file`);
  }
}

function refuse(path: string, why: string): never {
  throw invalidField(path.slice(0, 100), `Cannot compile a file at ${quoted(path)}: ${why}`);
}
