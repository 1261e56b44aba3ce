import { Failure, type Issue, invalidIssue } from "../../../core/failure.ts";
import { schemaLimits } from "./limits.ts";

/** Collects what is wrong with a schema, so that its author learns all of it at once. */
export class Problems {
  #issues: Issue[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `field` is the full name or file the problem is at, `message` says what is and what is expected. */
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

/** Names come from outside: bounded and escaped in messages. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}
