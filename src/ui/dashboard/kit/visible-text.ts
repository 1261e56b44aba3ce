/** Texts from outside, with what nobody would see made visible: it could make them look like others. */

/** Controls, bidirectional marks, zero-width and other invisible characters, halves of a pair. */
const invisible =
  /\p{Cc}|\p{Cf}|\p{Cs}|\p{Zl}|\p{Zp}|\u{34f}|\u{115f}|\u{1160}|\u{17b4}|\u{17b5}|\u{3164}|\u{ffa0}/gu;

export interface TextPart {
  readonly text: string;
  /** A mark stands for a character: `U+202E`. */
  readonly isMark: boolean;
}

/** The text in parts: what can be read, and a mark for each character that cannot be seen. */
export function visibleParts(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(invisible)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isMark: false });
    parts.push({ text: markOf(match[0]), isMark: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isMark: false });
  return parts;
}

/** The same as one text, for a place that has no elements: the title of the window. */
export function visibleText(text: string, max: number): string {
  const parts = visibleParts(text.slice(0, max));
  return parts.map((part) => part.text).join("");
}

const names: Readonly<Record<string, string>> = { "\n": "⏎", "\r": "␍", "\t": "⇥" };

function markOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return names[character] ?? `U+${code}`;
}
