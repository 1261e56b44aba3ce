/**
 * What the rules of protovalidate may cost. They run in the event loop, and nested loops over the lists
 * of a record take the square or the cube of its size. So each record has a budget of steps:
 * `withCelBudget`, which a patch adds to the library. The texts of expressions are bounded, because the
 * time of their parser grows with the square of them.
 */

import { spend } from "@bufbuild/cel";
import { type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { isReflectMessage, reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  field as fieldRules,
  FieldRulesSchema,
  message as messageRules,
  MessageRulesSchema,
  predefined as predefinedRules,
  PredefinedRulesSchema,
  RuleSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { RE2JS } from "@bufbuild/re2";

const expressionCharsMax = 4000;
const allExpressionsCharsMax = 64_000;

/** Why the expressions of the messages are too long, undefined if they are not. */
export function tooLongExpressions(messages: Iterable<DescMessage>): string | undefined {
  let all = 0;
  for (const message of messages) {
    for (const { length } of expressionsOf(message)) {
      if (length > expressionCharsMax) {
        return `has a rule with an expression of ${length} characters, expected at most ${expressionCharsMax}`;
      }
      all += length;
    }
    if (all > allExpressionsCharsMax) {
      return `has rules whose expressions have more than ${allExpressionsCharsMax} characters together with those before`;
    }
  }
  return undefined;
}

function* expressionsOf(message: DescMessage): Generator<string> {
  if (hasOption(message, messageRules)) {
    yield* expressionsIn(reflect(MessageRulesSchema, getOption(message, messageRules)));
  }
  for (const field of message.fields) {
    if (hasOption(field, fieldRules)) {
      yield* expressionsIn(reflect(FieldRulesSchema, getOption(field, fieldRules)));
    }
    if (hasOption(field, predefinedRules)) {
      yield* expressionsIn(reflect(PredefinedRulesSchema, getOption(field, predefinedRules)));
    }
  }
}

/** Rules of items, keys and values are nested. */
function* expressionsIn(rules: ReflectMessage): Generator<string> {
  for (const field of rules.fields) {
    if (!rules.isSet(field)) continue;
    if (field.fieldKind === "list") {
      const isExpression = field.name === "cel_expression";
      for (const item of rules.get(field)) {
        if (isReflectMessage(item)) yield* expressionsIn(item);
        else if (isExpression && typeof item === "string") yield item;
      }
    } else if (field.fieldKind === "message") yield* expressionsIn(rules.get(field));
    else if (field === RuleSchema.field.expression) {
      const expression: unknown = rules.get(field);
      if (typeof expression === "string") yield expression;
    }
  }
}

/** A character of a pattern costs so many of a text: it is compiled. */
const stepsPerPatternChar = 4;
const patternsMax = 1000;
const patterns = new Map<string, { readonly compiled: RE2JS; readonly stepsPerChar: number }>();

/** As the library's own matcher, which takes linear time, but within the record's budget. */
export function matchWithinBudget(pattern: string, text: string): boolean {
  spend(pattern.length * stepsPerPatternChar);
  let known = patterns.get(pattern);
  if (known === undefined) {
    // Expressions may make patterns of a record's values.
    if (patterns.size >= patternsMax) patterns.clear();
    known = { compiled: RE2JS.compile(pattern), stepsPerChar: stepsPerChar(pattern) };
    patterns.set(pattern, known);
  }
  spend(text.length * known.stepsPerChar);
  return known.compiled.test(text);
}

/** Repetitions are copied: each character of the text may be tried with each copy, a thousand at most. */
function stepsPerChar(pattern: string): number {
  let copies = 1;
  for (const [, count] of pattern.matchAll(/(\d{1,4})\}/g)) {
    copies = Math.min(copies * Math.max(1, Number(count)), 1000);
  }
  return (1 + copies + pattern.length / 25) / 2;
}
