import { type DescMessage, type FileRegistry, fromJson, type Message } from "@bufbuild/protobuf";
import { invalidIssue, type Issue } from "../../../../core/failure.ts";
import { textFromUtf8 } from "../../../../core/utf8.ts";
import { canonicalJson } from "./canonical.ts";

/** The message of a JSON text in UTF-8, or what is wrong with it. */
export function readJsonMessage(
  desc: DescMessage,
  bytes: Uint8Array,
  registry: FileRegistry,
): { readonly message: Message } | { readonly issue: Issue } {
  let text: string;
  try {
    // With a byte order mark it is not JSON: readers in other languages refuse it.
    text = textFromUtf8(bytes);
  } catch {
    return { issue: invalidIssue("", "is not its JSON form: it is not UTF-8") };
  }
  const canonical = canonicalJson(desc, text, registry);
  if (!("json" in canonical)) {
    const { field, reason } = canonical;
    const what = field === "" ? `is not its JSON form: it ${reason}` : reason;
    return { issue: invalidIssue(field, what) };
  }
  try {
    return { message: fromJson(desc, canonical.json, { registry }) };
  } catch (error) {
    // The library has its own limits. None is known that canonical JSON does not obey.
    const reason = error instanceof Error ? error.message : String(error);
    return { issue: invalidIssue("", `is not its JSON form: the library refuses it: ${reason}`) };
  }
}
