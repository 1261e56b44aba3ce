/** CSV as RFC 4180 has it, which a spreadsheet opens as data: no cell begins a formula. */

const number = /^[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Numbers stay as they are written; an apostrophe stands in front of a text that a spreadsheet would compute. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(text: string): string {
  const isFormula = /^[=+\-@\t\r\n]/.test(text) && !number.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
