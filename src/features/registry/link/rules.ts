/** Checks that the protovalidate rules of a schema compile. */

import { create, type DescMessage, type FileRegistry } from "@bufbuild/protobuf";
import { CompilationError, createValidator } from "@bufbuild/protovalidate";
import type { Problems } from "./problems.ts";

/** Adds a problem for each message with a rule that does not compile: every record would fail on it. */
export function checkRules(
  registry: FileRegistry,
  messages: readonly string[],
  problems: Problems,
): void {
  if (registry.getFile("buf/validate/validate.proto") === undefined) return;
  const validator = createValidator({ registry });
  for (const name of messages) {
    const message = registry.getMessage(name);
    if (message === undefined || !hasCustomOptions(message)) continue;
    // Rules are compiled on first use, so an empty message is enough.
    const { error } = validator.validate(message, create(message));
    if (error instanceof CompilationError) {
      problems.add(name, `has a rule that does not compile: ${error.message}`);
    }
  }
}

/** Rules are custom options, which are unknown fields; most messages have none. */
function hasCustomOptions({ proto }: DescMessage): boolean {
  return [proto, ...proto.field, ...proto.oneofDecl].some(
    ({ options }) => options?.$unknown !== undefined,
  );
}
