/** What the commands share: numbers from arguments, the gateway's address, its answers. */
import { UsageError } from "./command.ts";

/** `--name` as a whole number. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`Cannot use --${name} ${text}: wanted a whole number from ${min} to ${max}`);
}

/** `--name` as a number. */
export function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text !== "" && value >= min && value <= max) return value;
  throw new UsageError(`Cannot use --${name} ${text}: wanted a number from ${min} to ${max}`);
}

/** The gateway's address, without a slash at its end. */
export function gatewayUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) {
    return text.replace(/\/+$/, "");
  }
  throw new UsageError(`Cannot use --url ${text}: wanted one like http://localhost:9000`);
}
