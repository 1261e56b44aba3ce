/** Kinds of arguments and options: how each is shown, what it completes to, how its text is read. */

import { UsageError } from "./usage-error.ts";

export interface Parameter<Value> {
  /** One line, without a full stop. */
  readonly doc: string;
  /** Placeholder of the value in help; undefined for a flag. */
  readonly value?: string;
  /** The text that an absent one is read as. */
  readonly default?: string;
  /** The variable that replaces the default. */
  readonly environment?: string;
  readonly choices?: readonly string[];
  /** The value is the path of a file or folder. */
  readonly isPath?: boolean;
  readonly isRepeatable?: boolean;
  readonly required?: boolean;
  /** An old spelling: it works, and nothing shows it. */
  readonly isHidden?: boolean;
  /** `label` names it in errors: `--limit`, `TOPIC`. Throws `UsageError`. */
  parse(texts: readonly string[], label: string): Value;
  /** The value once all options are read, by their names in camel case. */
  complete?(value: Value, values: Readonly<Record<string, unknown>>): Value;
}

/** Arguments or options, each by its name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** Those that help, completion and documentation show. */
export function shown(parameters: Parameters): [name: string, parameter: Parameter<unknown>][] {
  return Object.entries(parameters).filter(([, { isHidden }]) => isHidden !== true);
}

type Settings = Omit<Parameter<unknown>, "parse" | "complete">;

/** An absent one without a default is undefined. */
type Read<Given extends Settings, Value> = Given extends { default: string } | { required: true }
  ? Value
  : Value | undefined;

/** Timers accept at most 2^31 ms, and fire immediately beyond that. */
const secondsMax = 2_000_000;

export function flag(doc: string): Parameter<boolean> {
  return { doc, parse: (texts) => texts.length > 0 };
}

export function text<const Given extends Settings>(
  settings: Given,
): Parameter<Read<Given, string>> {
  return single(settings, (given) => given);
}

/** May be given several times. */
export function texts(settings: Settings): Parameter<readonly string[]> {
  return { ...settings, isRepeatable: true, parse: (given) => given };
}

export function path<const Given extends Settings>(
  settings: Given,
): Parameter<Read<Given, string>> {
  return single({ ...settings, isPath: true }, (given) => given) as Parameter<Read<Given, string>>;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function wholeNumber<const Given extends Settings & Range>(
  settings: Given,
): Parameter<Read<Given, number>> {
  const { min, max } = settings;
  return single(settings, (given, label) => {
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw unusable(label, given, `a whole number from ${min} to ${max}`);
  });
}

export function number<const Given extends Settings & Range>(
  settings: Given,
): Parameter<Read<Given, number>> {
  const { min, max } = settings;
  return single(settings, (given, label) => {
    const value = Number(given);
    if (given.trim() !== "" && value >= min && value <= max) return value;
    throw unusable(label, given, `a number from ${min} to ${max}`);
  });
}

/** How long a command runs; 0 sets no end. */
export function seconds(doc: string): Parameter<number> {
  return number({ doc, value: "N", default: "0", min: 0, max: secondsMax });
}

/** Upper and lower case are the same. */
export function choice<const Given extends Settings & { readonly choices: readonly string[] }>(
  settings: Given,
): Parameter<Read<Given, Given["choices"][number]>> {
  const choices: readonly Given["choices"][number][] = settings.choices;
  return single(settings, (given, label) => {
    const chosen = choices.find((one) => one.toLowerCase() === given.toLowerCase());
    if (chosen !== undefined) return chosen;
    throw unusable(label, given, choices.join(" or "));
  });
}

/** `http://host:port` or `host:port`, read as a URL without a slash at its end. */
export function address<const Given extends Settings & { readonly example: string }>(
  settings: Given,
): Parameter<Read<Given, string>> {
  return single(settings, (given, label) => {
    const url = given.includes("://") ? given : `http://${given}`;
    const isHostAndPort = given.includes("://") || /^(\[[\da-f:]+\]|[^/:]+):\d+\/?$/i.test(given);
    if (isHostAndPort && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) {
      return url.replace(/\/+$/, "");
    }
    throw unusable(label, given, `one like ${settings.example}`);
  });
}

/** A parameter with its own check, which throws what `unusable` returns. */
export function single<Given extends Settings, Value>(
  settings: Given,
  read: (given: string, label: string) => Value,
): Parameter<Read<Given, Value>> {
  return {
    value: "TEXT",
    ...settings,
    parse(given, label) {
      const last = given.at(-1);
      return (last === undefined ? undefined : read(last, label)) as Read<Given, Value>;
    },
  };
}

export function unusable(label: string, given: string, expected: string): UsageError {
  return new UsageError(`Cannot use ${label} ${given}: expected ${expected}`);
}
