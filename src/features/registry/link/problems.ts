import { Failure, invalidIssue, type Issue } from "../../../core/failure.ts";
import { schemaLimits } from "./limits.ts";

/** Collects the problems of a schema, so that its author sees all of them at once. */
export class Problems {
  #issues: Issue[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `field` is the full name or file of the problem's place; `message` says what is wrong and what is expected. */
  add(field: string, message: string): void {
    this.#count++;
    if (this.#issues.length < schemaLimits.problemsMax) {
      this.#issues.push(invalidIssue(field, message));
    }
  }

  /** Throws the failure `invalid` with all problems as `errors`, if there are any. */
  throwIfAny(action: string): void {
    const [first] = this.#issues;
    if (first === undefined) return;
    const rest = this.#count === 1 ? "" : ` (and ${this.#count - 1} more)`;
    throw new Failure("invalid", `${action}: ${first.field}: ${first.message}${rest}`, {
      errors: this.#issues,
    });
  }
}
