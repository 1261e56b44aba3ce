/** What the commands share: numbers from arguments, the gateway's address, its answers. */
import { UsageError } from "./command.ts";

/** For `--seconds`: timers take no more than 2^31 ms, and fire at once beyond. */
export const secondsMax = 2_000_000;

/** `--name` as a whole number. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Cannot use --${name} ${text}: expected a whole number from ${min} to ${max}`,
  );
}

/** `--name` as a number. */
export function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text !== "" && value >= min && value <= max) return value;
  throw new UsageError(`Cannot use --${name} ${text}: expected a number from ${min} to ${max}`);
}

/** The gateway's address, without a slash at its end. */
export function gatewayUrl(text: string, name = "url", port = 9000): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) {
    return text.replace(/\/+$/, "");
  }
  throw new UsageError(`Cannot use --${name} ${text}: expected one like http://localhost:${port}`);
}

/** `--name` as one of the choices. */
export function oneOf<Choice extends string>(
  name: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const chosen = choices.find((choice) => choice === text);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`Cannot use --${name} ${text}: expected ${choices.join(" or ")}`);
}
