/** Plain search: a text in the key, a header or the value of a record, in upper or lower case. */

import { invalidField } from "../../../core/failure.ts";
import { textCharsMax } from "../../../core/filter/record-filter.ts";
import type { LogRecord } from "../../../core/record.ts";
import { lossyTextFromUtf8 } from "../../../core/utf8.ts";

export class TextSearch {
  readonly #text: string;

  /** Throws `invalid` where it is empty or too long. */
  constructor(text: string) {
    if (text === "" || text.length > textCharsMax) {
      throw invalidField(
        "text",
        `Cannot search a text of ${text.length} characters: expected 1 to ${textCharsMax}`,
      );
    }
    this.#text = text.toLowerCase();
  }

  isIn({ key, headers, value }: LogRecord): boolean {
    if (this.isInText(key)) return true;
    for (const name in headers) {
      if (this.isInText(name) || this.#isInBytes(headers[name])) return true;
    }
    return this.#isInBytes(value);
  }

  isInText(text: string): boolean {
    return text.toLowerCase().includes(this.#text);
  }

  #isInBytes(bytes: Uint8Array | undefined): boolean {
    return bytes !== undefined && this.isInText(lossyTextFromUtf8(bytes));
  }
}
