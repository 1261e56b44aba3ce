/** What connect-es reads of a content type is narrower than what clients send. */

/** Longer ones are refused as they are: the pattern below would take its time for them. */
const charsMax = 200;

const utf8 = /\s*;\s*charset\s*=\s*(?:"utf-?8"|utf-?8)\s*(?=;|$)/i;

/** Without `charset=utf-8` in any spelling, which says nothing: no codec has another one. */
export function withoutUtf8(contentType: string): string {
  if (!contentType.includes(";") || contentType.length > charsMax) return contentType;
  return contentType.replace(utf8, "");
}
