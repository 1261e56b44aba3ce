/**
 * An expression of a filter, parsed and checked once. What it may cost is bounded as the rules of schemas
 * are: its text, because the time of its parser grows with the square of it, and its steps for each record.
 */

import {
  type CelEnv,
  celEnv,
  type CelResult,
  isCelError,
  parse,
  plan,
  withCelBudget,
} from "@bufbuild/cel";
import { invalidField, quoted } from "../../../core/failure.ts";
import { whereCharsMax } from "../../../core/filter/record-filter.ts";
import { matchWithinBudget } from "../link/rule-costs.ts";
import { defaultRegistryOptions } from "../options.ts";

/** What an expression may name, besides the types of CEL. */
const variables = [
  "key",
  "headers",
  "time",
  "received",
  "size",
  "content_type",
  "schema",
  "position",
  "value",
] as const;
type Variable = (typeof variables)[number];

export type Bindings = Readonly<Record<Variable, unknown>>;

/** Whether a record matches, or why the expression has no answer for it. */
export type Evaluated = boolean | { readonly failure: string };

export interface Expression {
  /** Which variables it names. */
  readonly uses: ReadonlySet<string>;
  /** `bytes`: the record's size, which is what comparing a value may cost. */
  evaluate(bindings: Bindings, bytes: number): Evaluated;
}

type Parsed = ReturnType<typeof parse>;
type Expr = NonNullable<Parsed["expr"]>;

const env: CelEnv = celEnv({
  re2: { compile: (pattern) => ({ test: (text) => matchWithinBudget(pattern, text) }) },
});
const types = "bool int uint double string bytes list map null_type type google".split(" ");
const steps = defaultRegistryOptions.ruleStepsMax;

/** Throws `invalid` with the field `where` and the column. */
export function compileExpression(text: string): Expression {
  if (text.length > whereCharsMax) {
    throw invalidField(
      "where",
      `Cannot use where: it has ${text.length} characters, expected at most ${whereCharsMax}`,
    );
  }
  const parsed = parseText(text);
  const uses = checkNames(parsed, text);
  const run = plan(env, parsed.expr) as (bindings: Bindings) => CelResult;
  return {
    uses,
    evaluate(bindings, bytes) {
      const { result, isExceeded } = withCelBudget({ steps, compareCost: bytes }, () =>
        run(bindings),
      );
      if (isExceeded) return { failure: `it takes more than ${steps} steps for a record` };
      if (typeof result === "boolean") return result;
      if (isCelError(result)) return { failure: result.message };
      return { failure: "it is neither true nor false" };
    },
  };
}

function parseText(text: string): Parsed {
  try {
    return parse(text);
  } catch (error) {
    throw notAnExpression(text, offsetOf(error), reasonOf(error));
  }
}

/** The parser's errors carry where they are. */
function offsetOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("location" in error)) return 0;
  const { location } = error as { readonly location: { readonly start?: { offset?: number } } };
  return location.start?.offset ?? 0;
}

const saidMax = 200;

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const said = message.replace(/^<input>:\d+:\d+: /, "");
  return said.length > saidMax ? `${said.slice(0, saidMax)}…` : said;
}

function notAnExpression(text: string, offset: number, reason: string) {
  const before = text.slice(0, offset).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  const line = before.length > 1 ? `line ${before.length}, ` : "";
  return invalidField("where", `Cannot use where: at ${line}column ${column}: ${reason}`);
}

/** The names that it uses. An unknown one would be wrong for every record: it is refused at once. */
function checkNames({ expr, sourceInfo }: Parsed, text: string): ReadonlySet<string> {
  const uses = new Set<string>();
  visit(expr, new Set());
  return uses;

  function unknown({ id }: Expr, what: string): Error {
    return notAnExpression(text, sourceInfo?.positions[String(id)] ?? 0, what);
  }

  function visit(given: Expr | undefined, bound: ReadonlySet<string>): void {
    if (given === undefined) return;
    const { exprKind } = given;
    switch (exprKind.case) {
      case "identExpr": {
        const { name } = exprKind.value;
        if (bound.has(name) || types.includes(name)) return;
        if (!variables.some((known) => known === name)) {
          throw unknown(
            given,
            `there is no ${quoted(name)}, expected one of ${variables.join(", ")}`,
          );
        }
        uses.add(name);
        return;
      }
      case "selectExpr":
        return visit(exprKind.value.operand, bound);
      case "callExpr": {
        const { function: name, target, args } = exprKind.value;
        if (!isOperator(name) && env.funcs.find(name) === undefined) {
          throw unknown(given, `there is no function ${quoted(name)}`);
        }
        visit(target, bound);
        for (const arg of args) visit(arg, bound);
        return;
      }
      case "listExpr":
        for (const element of exprKind.value.elements) visit(element, bound);
        return;
      case "structExpr":
        for (const { keyKind, value } of exprKind.value.entries) {
          if (keyKind.case === "mapKey") visit(keyKind.value, bound);
          visit(value, bound);
        }
        return;
      case "comprehensionExpr": {
        const { iterRange, iterVar, iterVar2, accuVar, ...rest } = exprKind.value;
        visit(iterRange, bound);
        visit(rest.accuInit, bound);
        const inner = new Set([...bound, iterVar, iterVar2, accuVar]);
        for (const part of [rest.loopCondition, rest.loopStep, rest.result]) visit(part, inner);
        return;
      }
      default:
    }
  }
}

/** Operators are calls of names that no text can spell, and some have no function. */
function isOperator(name: string): boolean {
  return /[^A-Za-z0-9.]/.test(name);
}
