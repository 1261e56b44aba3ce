/** JSON whose numbers stay as they were written: a 64-bit integer is more than a number can hold. */

interface Source {
  readonly source?: string;
}

/** As of 2025 in all browsers; where it is missing, large integers are rounded on the screen. */
interface RawJson {
  rawJSON?(text: string): unknown;
}

/** The value, its large numbers in a form that `printJson` writes as they were. */
export function parseJson(text: string): unknown {
  const { rawJSON } = JSON as RawJson;
  const keep = (_key: string, value: unknown, context?: Source): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source === undefined || rawJSON === undefined ? value : rawJSON.call(JSON, source);
  };
  return JSON.parse(text, keep) as unknown;
}

export function printJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent) ?? "";
}
