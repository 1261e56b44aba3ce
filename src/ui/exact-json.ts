/** JSON whose numbers stay as written, because a JavaScript number cannot hold a 64-bit integer. */

interface Source {
  readonly source?: string;
}

/** In all browsers since 2025; where it is missing, large integers are rounded on the screen. */
interface RawJson {
  rawJSON?(text: string): unknown;
}

/** The value, with large numbers in a form that `printJson` writes unchanged. */
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
