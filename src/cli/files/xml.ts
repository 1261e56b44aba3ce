/** Parses the XML parts of a workbook while they are inflated. */

import { SaxesParser } from "saxes";
import { Failure } from "../../core/failure.ts";

export interface Tag {
  /** Without its prefix, which some writers use and others do not. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Handles the tags and texts of a part. */
export interface XmlReader {
  open(tag: Tag): void;
  /** `text` is the text between the tags, without that of inner tags. */
  close(name: string, text: string): void;
}

/** A spreadsheet's cell has at most 32,767 characters. */
const textMax = 1024 * 1024;

/** Feeds `reader`, and yields after each piece of the part. Throws a `Failure` for broken XML. */
export async function* readXml(
  part: AsyncIterable<string>,
  reader: XmlReader,
): AsyncGenerator<void> {
  const parser = new SaxesParser();
  let text = "";
  let sinceTag = 0;
  parser.on("opentag", ({ name, attributes }) => {
    text = "";
    sinceTag = 0;
    reader.open({ name: localName(name), attributes });
  });
  parser.on("text", (more) => (text += more));
  parser.on("cdata", (more) => (text += more));
  parser.on("closetag", ({ name }) => {
    sinceTag = 0;
    reader.close(localName(name), text);
    text = "";
  });
  parser.on("error", (error) => {
    throw new Failure("invalid", `its XML is broken: ${error.message}`, { cause: error });
  });
  for await (const piece of part) {
    sinceTag += piece.length;
    parser.write(piece);
    // The parser keeps a text until its end, so an oversized one must be refused before.
    if (sinceTag > textMax + piece.length) {
      throw new Failure("too_large", `it holds a text of more than ${textMax} characters`);
    }
    yield;
  }
  parser.close();
  yield;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
