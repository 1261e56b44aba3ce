/** The words after a command as its values. */

import { parseArgs } from "node:util";
import type { Environment } from "../../runtime/runtime.ts";
import { type Parameter, type Parameters, shown } from "./parameters.ts";
import { UsageError } from "./usage-error.ts";

interface Declared {
  readonly arguments: Parameters;
  readonly options: Parameters;
}

/** Throws `UsageError` in the words of the command at `path`. */
export function parseWords(
  declared: Declared,
  words: readonly string[],
  path: readonly string[],
  environment: Environment,
): Readonly<Record<string, unknown>> {
  const name = path.join(" ");
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokensOf(declared.options, words)) {
    if (token.kind === "positional") positionals.push(token.value);
    else if (token.kind === "option") {
      const text = optionText(declared.options[token.name], token, name, declared.options);
      given.set(token.name, [...(given.get(token.name) ?? []), text]);
    }
  }
  const values: Record<string, unknown> = {
    ...argumentValues(declared.arguments, positionals, name),
    ...Object.fromEntries(
      Object.entries(declared.options).map(([option, parameter]) => {
        const { texts, label } = withFallback(parameter, given.get(option), option, environment);
        return [camelCase(option), parameter.parse(texts, label)];
      }),
    ),
  };
  for (const [option, { complete }] of Object.entries(declared.options)) {
    const member = camelCase(option);
    if (complete !== undefined) values[member] = complete(values[member], values);
  }
  return values;
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Without `strict`, so that errors have our own words and `--rate -1` has a value. */
function tokensOf(options: Parameters, words: readonly string[]): readonly Token[] {
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [
        name,
        { type: value === undefined ? ("boolean" as const) : ("string" as const) },
      ]),
    ),
  });
  return tokens;
}

function optionText(
  parameter: Parameter<unknown> | undefined,
  { rawName, value, inlineValue }: OptionToken,
  command: string,
  options: Parameters,
): string {
  if (parameter === undefined) {
    throw new UsageError(
      `Cannot use ${rawName}: ${command} does not have it${hintFor(rawName, options)}`,
    );
  }
  if (parameter.value === undefined) {
    if (value === undefined) return "true";
    throw new UsageError(`Cannot use ${rawName}=${value}: ${rawName} takes no value`);
  }
  // `--rate --url x` forgot a value; `--rate -1` has a wrong one.
  const isMissing = value === undefined || (!inlineValue && value.startsWith("--"));
  if (!isMissing) return value;
  throw new UsageError(`Cannot use ${rawName}: its value is missing, expected ${parameter.value}`);
}

function argumentValues(
  parameters: Parameters,
  positionals: readonly string[],
  command: string,
): Readonly<Record<string, unknown>> {
  const left = [...positionals];
  const values = Object.entries(parameters).map(([name, parameter]) => {
    const texts = parameter.isRepeatable === true ? left.splice(0) : left.splice(0, 1);
    const label = parameter.value ?? name;
    if (parameter.required === true && texts.length === 0) {
      throw new UsageError(`Cannot run ${command}: ${label} is missing`);
    }
    return [name, parameter.parse(texts, label)] as const;
  });
  const [extra] = left;
  if (extra === undefined) return Object.fromEntries(values);
  const count = values.length === 0 ? "no" : `${values.length}`;
  throw new UsageError(
    `Cannot use "${extra}": ${command} takes ${count} argument${values.length === 1 ? "" : "s"}`,
  );
}

/** What was given, else the variable, else the default. */
function withFallback(
  { environment: variable, default: fallback }: Parameter<unknown>,
  given: readonly string[] | undefined,
  option: string,
  environment: Environment,
): { readonly texts: readonly string[]; readonly label: string } {
  const label = `--${option}`;
  if (given !== undefined) return { texts: given, label };
  const set = variable === undefined ? undefined : environment[variable];
  if (variable !== undefined && set !== undefined && set !== "") {
    return { texts: [set], label: variable };
  }
  return { texts: fallback === undefined ? [] : [fallback], label };
}

/** The option that was probably meant. */
function hintFor(rawName: string, options: Parameters): string {
  const near = nearest(
    rawName.replace(/^-+/, ""),
    shown(options).map(([name]) => name),
  );
  return near === undefined ? "" : `; did you mean --${near}?`;
}

/** The name that differs by at most two letters, or that begins with the given text. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  if (given.length < 2) return undefined;
  const ranked = names
    .map((name) => ({ name, distance: name.startsWith(given) ? 1 : editDistance(given, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= 2 ? best.name : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `id-column` is read as `idColumn`. */
function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
