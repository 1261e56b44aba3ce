import { withCelBudget } from "@bufbuild/cel";
import {
  type DescMessage,
  type FileRegistry,
  fromBinary,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { pathToString, reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { createValidator, type ValidationResult } from "@bufbuild/protovalidate";
import { Failure, invalidIssue, type Issue, quoted } from "../../../core/failure.ts";
import { isRequired } from "../compatibility/compare-field.ts";
import { descriptorsOf } from "../link/descriptors.ts";
import type { LinkedSchema } from "../link/linked.ts";
import { matchWithinBudget, tooLongExpressions } from "../link/rule-costs.ts";
import { defaultRegistryOptions } from "../options.ts";
import { renderFloats } from "./json/floats.ts";
import { readJsonMessage } from "./json/read-message.ts";
import { checkShape, type ShapeBounds, ShapeError } from "./shape.ts";

/** Decodes records of one schema. Create it once per schema: it compiles rules as it goes. */
export interface Decoder {
  /**
   * The value as canonical protobuf JSON: an int64 is a string, a float has the shortest digits of 32
   * bits, an Any contains a message of the schema's set, unknown fields are left out. `message` is a
   * full name, by default the file's first message. Throws `invalid` for bytes that do not decode or
   * have no JSON form, `not_found` for a message that the schema does not have.
   */
  decode(value: Uint8Array, message?: string): string;
  /**
   * The value as a message that expressions can look into: its fields by the names that the schema
   * gives them, an int64 exact. Undefined for bytes that do not decode.
   */
  open(value: Uint8Array, message?: string): ReflectMessage | undefined;
  /** The same for a value in protobuf JSON, UTF-8. */
  openJson(value: Uint8Array, message?: string): ReflectMessage | undefined;
  /**
   * What is wrong with a value, undefined if nothing is: bytes that do not decode, a missing required
   * field, a violated protovalidate rule. `field` is the path in the message, "" for the message as a
   * whole.
   */
  validate(value: Uint8Array, message?: string): Issue | undefined;
  /** The same for a value in protobuf JSON, UTF-8. Members that the schema does not have are wrong. */
  validateJson(value: Uint8Array, message?: string): Issue | undefined;
}

/** Bounds of the objects that one record decodes to, and of the cost of reading it. */
const bounds: ShapeBounds = { messagesMax: 250_000, fieldsMax: 2_000_000, depthMax: 100 };

/** `ruleStepsMax`: what the rules of one record may cost; see `link/rule-costs.ts`. */
export function createDecoder(
  schema: LinkedSchema,
  ruleStepsMax: number = defaultRegistryOptions.ruleStepsMax,
): Decoder {
  const registry = descriptorsOf(schema);
  const checkRules = hasRules(schema) ? createRuleCheck(registry, ruleStepsMax) : undefined;

  function find(name = schema.messages[0]): DescMessage | undefined {
    return name === undefined ? undefined : registry.getMessage(name);
  }

  return {
    decode(value, name) {
      const desc = find(name);
      if (desc === undefined) {
        throw new Failure("not_found", `Cannot decode: ${missing(schema, name)}`);
      }
      // Extensions are unknown fields until they are looked up.
      const decoded = read(desc, value, true);
      if ("issue" in decoded) {
        const { issue } = decoded;
        throw new Failure("invalid", `Cannot decode as "${desc.typeName}": ${sentence(issue)}`, {
          errors: [issue],
        });
      }
      try {
        return renderFloats(desc, toJson(desc, decoded.message, { registry }), registry);
      } catch (cause) {
        const reason = "it has a value without a JSON form, such as an Any of an unknown type";
        throw new Failure("invalid", `Cannot render "${desc.typeName}" as JSON: ${reason}`, {
          cause,
        });
      }
    },
    open(value, name) {
      const desc = find(name);
      if (desc === undefined) return undefined;
      const decoded = read(desc, value, false);
      return "issue" in decoded ? undefined : reflect(desc, decoded.message);
    },
    openJson(value, name) {
      const desc = find(name);
      if (desc === undefined) return undefined;
      const read = readJsonMessage(desc, value, registry);
      return "issue" in read ? undefined : reflect(desc, read.message);
    },
    validate(value, name) {
      const desc = find(name);
      if (desc === undefined) return invalidIssue("", missing(schema, name));
      const decoded = read(desc, value, false);
      if ("issue" in decoded) return decoded.issue;
      return checkRules?.(desc, decoded.message, value.length);
    },
    validateJson(value, name) {
      const desc = find(name);
      if (desc === undefined) return invalidIssue("", missing(schema, name));
      const read = readJsonMessage(desc, value, registry);
      if ("issue" in read) return read.issue;
      return checkRules?.(desc, read.message, value.length);
    },
  };
}

function read(
  desc: DescMessage,
  value: Uint8Array,
  readUnknownFields: boolean,
): { readonly message: Message } | { readonly issue: Issue } {
  try {
    checkShape(desc, value, bounds);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { issue: invalidIssue(shortPath(error.path), error.message) };
  }
  try {
    return { message: fromBinary(desc, value, { readUnknownFields }) };
  } catch {
    // The shape is right, so it is the one thing that the shape does not show.
    return { issue: invalidIssue("", "has a string that is not UTF-8") };
  }
}

type RuleCheck = (desc: DescMessage, message: Message, bytes: number) => Issue | undefined;

function createRuleCheck(registry: FileRegistry, stepsMax: number): RuleCheck {
  // A schema that was stored before its expressions were bounded is not compiled now.
  const tooLong = tooLongExpressions([...registry].filter((type) => type.kind === "message"));
  if (tooLong !== undefined) {
    return () => invalidIssue("", `cannot be checked against its rules: its schema ${tooLong}`);
  }
  const validator = createValidator({
    ...{ registry, legacyRequired: true },
    regexMatch: matchWithinBudget,
  });
  return (desc, message, bytes) => {
    const { result, isExceeded } = withCelBudget({ steps: stepsMax, compareCost: bytes }, () =>
      validator.validate(desc, message),
    );
    if (isExceeded || result === undefined) {
      return invalidIssue(
        "",
        `cannot be checked against its rules: they take more than ${stepsMax} steps for it, expected at most ${stepsMax} (SLUICE_RULE_STEPS_MAX)`,
      );
    }
    return issueFrom(result);
  };
}

function issueFrom(result: ValidationResult): Issue | undefined {
  if (result.kind === "valid") return undefined;
  if (result.kind === "error") {
    return invalidIssue("", `cannot be checked against its rules: ${result.error.message}`);
  }
  const [first] = result.violations;
  if (first === undefined) return undefined;
  const count = result.violations.length;
  const rest = count === 1 ? "" : `, and ${count - 1} more`;
  const key = first.forKey ? "the key " : "";
  const text = first.message === "" ? "does not hold" : first.message;
  return invalidIssue(pathToString(first.field), `${key}${text} [${first.ruleId}]${rest}`);
}

/** Whether any message of the set has something to check beyond its encoding. */
function hasRules(schema: LinkedSchema): boolean {
  for (const type of descriptorsOf(schema)) {
    if (type.kind === "message" && type.fields.some(isRequired)) return true;
    if (type.file.proto.dependency.includes("buf/validate/validate.proto")) return true;
  }
  return false;
}

function missing(schema: LinkedSchema, name: string | undefined): string {
  return name === undefined
    ? `"${schema.file}" has no message`
    : `"${schema.file}" has no message ${quoted(name)}`;
}

function sentence({ field, message }: Issue): string {
  return field === "" ? `it ${message}` : `${field} ${message}`;
}

function shortPath(path: readonly string[]): string {
  return path.length > 12 ? `${path.slice(0, 11).join(".")}.…` : path.join(".");
}
