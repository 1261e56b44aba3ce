/** Checks that the protovalidate rules of a schema compile. */

import { withCelBudget } from "@bufbuild/cel";
import { create, type DescMessage, type FileRegistry } from "@bufbuild/protobuf";
import { CompilationError, createValidator } from "@bufbuild/protovalidate";
import { defaultRegistryOptions } from "../options.ts";
import type { Problems } from "./problems.ts";
import { matchWithinBudget, tooLongExpressions } from "./rule-costs.ts";

/**
 * Adds a problem for each message with a rule that does not compile, or that costs too much for an empty
 * message: every record would fail on it.
 */
export function checkRules(
  registry: FileRegistry,
  messages: readonly string[],
  problems: Problems,
): void {
  if (registry.getFile("buf/validate/validate.proto") === undefined) return;
  const types = [...registry].filter((type) => type.kind === "message");
  const tooLong = tooLongExpressions(types.filter(hasCustomOptions));
  if (tooLong !== undefined) return problems.add(messages[0] ?? "", tooLong);
  const validator = createValidator({ registry, regexMatch: matchWithinBudget });
  const budget = { steps: defaultRegistryOptions.ruleStepsMax, compareCost: 1 };
  for (const name of messages) {
    const message = registry.getMessage(name);
    if (message === undefined || !hasCustomOptions(message)) continue;
    // Rules are compiled on first use, so an empty message is enough.
    const { result, isExceeded } = withCelBudget(budget, () =>
      validator.validate(message, create(message)),
    );
    if (isExceeded) {
      problems.add(
        name,
        `has rules that take more than ${budget.steps} steps for an empty message`,
      );
      return;
    }
    if (result?.error instanceof CompilationError) {
      problems.add(name, `has a rule that does not compile: ${result.error.message}`);
    }
  }
}

/** Rules are custom options, which are unknown fields; most messages have none. */
function hasCustomOptions({ proto }: DescMessage): boolean {
  return [proto, ...proto.field, ...proto.oneofDecl].some(
    ({ options }) => options?.$unknown !== undefined,
  );
}
