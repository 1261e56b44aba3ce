/** A string literal of the language; unprintable characters are escaped. */
export function stringLiteral(text: string): string {
  let inner = "";
  for (const char of text) {
    inner += escapes.get(char) ?? (char < " " ? octal(char.charCodeAt(0)) : char);
  }
  return `"${inner}"`;
}

/** A bytes literal: printable ASCII as it is, the rest escaped. */
export function bytesLiteral(bytes: Uint8Array): string {
  let inner = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    inner += escapes.get(char) ?? (byte < 0x20 || byte > 0x7e ? octal(byte) : char);
  }
  return `"${inner}"`;
}

export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0.0" : `${value}`;
}

const escapes = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\u007f", "\\177"],
]);

/** Always three digits, so that a following digit does not belong to it. */
function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, "0")}`;
}
