/** The parts of a workbook besides its sheets: the list of sheets, texts, formats. */

import { Failure } from "../../core/failure.ts";
import { wholeNumber } from "./sheet.ts";
import { isTimeFormat, unescaped } from "./xlsx-values.ts";
import type { Tag, XmlReader } from "./xml.ts";

export interface SheetEntry {
  readonly name: string;
  readonly relation: string;
}

/** The part of the workbook itself. */
export class WorkbookReader implements XmlReader {
  readonly sheets: SheetEntry[] = [];
  from1904 = false;

  open({ name, attributes }: Tag): void {
    if (name === "workbookPr") {
      this.from1904 = ["1", "true"].includes(attributes["date1904"] ?? "");
    } else if (name === "sheet") {
      const relation = Object.entries(attributes).find(([key]) => key.endsWith(":id"))?.[1] ?? "";
      this.sheets.push({ name: attributes["name"] ?? "", relation });
    }
  }
  close(): void {}
}

/** The texts of a whole workbook are kept in memory, so they are bounded. */
const sharedCharactersMax = 256 * 1024 * 1024;
/** What a text takes besides its characters, so that empty ones are bounded as well. */
const charactersPerText = 16;

/** The texts that cells share. */
export class SharedStringsReader implements XmlReader {
  readonly strings: string[] = [];
  #text = "";
  #isPhonetic = false;
  #characters = 0;

  open({ name }: Tag): void {
    if (name === "si") this.#text = "";
    // The pronunciation of a text is not part of it.
    else if (name === "rPh") this.#isPhonetic = true;
  }
  close(name: string, text: string): void {
    if (name === "t" && !this.#isPhonetic) this.#text += text;
    else if (name === "rPh") this.#isPhonetic = false;
    else if (name === "si") {
      this.#characters += this.#text.length + charactersPerText;
      if (this.#characters > sharedCharactersMax) {
        const message = `its texts have more than ${sharedCharactersMax} characters`;
        throw new Failure("too_large", message);
      }
      this.strings.push(unescaped(this.#text));
    }
  }
}

/** The styles: which cell formats show numbers as times. */
export class StylesReader implements XmlReader {
  readonly isTime: boolean[] = [];
  readonly #codes = new Map<number, string>();
  #isInCellFormats = false;

  open({ name, attributes }: Tag): void {
    if (name === "cellXfs") this.#isInCellFormats = true;
    else if (name === "numFmt") {
      this.#codes.set(formatId(attributes), attributes["formatCode"] ?? "");
    } else if (name === "xf" && this.#isInCellFormats) {
      const id = formatId(attributes);
      this.isTime.push(isTimeFormat(id, this.#codes.get(id)));
    }
  }
  close(name: string): void {
    if (name === "cellXfs") this.#isInCellFormats = false;
  }
}

function formatId(attributes: Tag["attributes"]): number {
  const text = attributes["numFmtId"] ?? "0";
  const id = wholeNumber(text);
  if (id !== undefined) return id;
  throw new Failure("invalid", `it has a number format "${text}", expected a whole number`);
}
