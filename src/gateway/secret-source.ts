/** A secret of the settings: in the environment, or in a file, as container platforms mount them. */

import { readFile } from "node:fs/promises";
import { Failure, quoted } from "../core/failure.ts";

export type SecretSource =
  | { readonly text: string }
  | { readonly file: string; readonly setting: string; readonly charsMin: number };

/** Throws `invalid`, without the secret. */
export async function readSecret(source: SecretSource): Promise<string> {
  if ("text" in source) return source.text;
  const { file, setting, charsMin } = source;
  const start = `Cannot use the file ${quoted(file)} of ${setting}`;
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "it is unreadable";
    throw new Failure("invalid", `${start}: ${why}, expected a file that can be read`, {
      cause: error,
    });
  }
  if (text.length >= charsMin) return text;
  throw new Failure("invalid", `${start}: expected at least ${charsMin} characters in it`);
}
