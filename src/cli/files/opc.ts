/**
 * The package of a workbook: a ZIP archive whose parts are bound by relationships (Open Packaging
 * Conventions, ECMA-376 part 2). A part is found by the type of its relationship, never by its name.
 */

import { openAsBlob } from "node:fs";
import { BlobReader, type Entry, type FileEntry, ZipReader } from "@zip.js/zip.js";
import { Failure } from "../../core/failure.ts";
import { checked, inflated } from "./inflate.ts";
import { readFailure } from "./read-failure.ts";
import { utf8Pieces } from "./text-pieces.ts";
import { readXml, type Tag, type XmlReader } from "./xml.ts";

export interface Relationship {
  readonly id: string;
  /** The last segment of its type: `worksheet`, `styles`. Those of ISO 29500 Strict have the same. */
  readonly type: string;
  /** Path of the part that it leads to, without the first slash. */
  readonly part: string;
}

export class OpcPackage {
  /** By their names as `nameKey` compares them. */
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(entries: readonly Entry[]) {
    this.#entries = new Map(entries.map((entry) => [nameKey(entry.filename), entry]));
  }

  /** What a part is bound to; without one, what the package is. A part without them has none. */
  async relationships(part?: string): Promise<readonly Relationship[]> {
    const path = relationshipsPart(part ?? "");
    if (part !== undefined && !this.#entries.has(nameKey(path))) return [];
    return (await this.read(path, new RelationshipsReader(part ?? ""))).found;
  }

  /** Feeds the whole part to the reader. */
  async read<Reader extends XmlReader>(path: string, reader: Reader): Promise<Reader> {
    const text = this.text(path);
    try {
      // The reader keeps what it needs of each piece.
      for await (const _ of readXml(text, reader));
      return reader;
    } catch (error) {
      throw notXlsx(`its part ${path} cannot be read, ${readFailure(error).message}`, error);
    }
  }

  /** The text of a part, inflated on demand. Throws a `Failure` if there is no such part. */
  text(path: string): AsyncGenerator<string> {
    const entry = this.#entries.get(nameKey(path));
    if (entry === undefined || entry.directory) throw notXlsx(`it has no part ${path}`);
    if (entry.encrypted) throw notXlsx("it is encrypted");
    return textOf(entry);
  }
}

/** Throws a `Failure` where the file is not a ZIP archive. */
export async function openPackage(path: string): Promise<OpcPackage> {
  const blob = await openAsBlob(path);
  if (blob.size === 0) throw notXlsx("it is empty");
  try {
    return new OpcPackage(await new ZipReader(new BlobReader(blob)).getEntries());
  } catch (error) {
    throw notXlsx(`it is not a ZIP archive (${readFailure(error).message})`, error);
  }
}

export function notXlsx(why: string, cause?: unknown): Failure {
  return new Failure("invalid", `Cannot read it as .xlsx: ${why}`, { cause });
}

class RelationshipsReader implements XmlReader {
  readonly found: Relationship[] = [];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  open({ name, attributes }: Tag): void {
    if (name !== "Relationship" || attributes["TargetMode"] === "External") return;
    const { Id: id = "", Type: type = "", Target: target = "" } = attributes;
    const part = resolvedTarget(target, this.#source);
    if (part !== undefined) this.found.push({ id, type: type.split("/").at(-1) ?? "", part });
  }
  close(): void {}
}

/** A target is a URI reference, relative to the part that the relationships belong to. */
function resolvedTarget(target: string, source: string): string | undefined {
  const base = `http://package/${source.split("/").map(encodeURIComponent).join("/")}`;
  const path = URL.canParse(target, base) ? new URL(target, base).pathname : undefined;
  return path === undefined ? undefined : decoded(path.slice(1));
}

function relationshipsPart(path: string): string {
  const nameFrom = path.lastIndexOf("/") + 1;
  return `${path.slice(0, nameFrom)}_rels/${path.slice(nameFrom)}.rels`;
}

/** Names are equal in any case, in percent-encoding or without; old programs write backslashes. */
function nameKey(path: string): string {
  return decoded(path.replaceAll("\\", "/").replace(/^\/+/, "")).toLowerCase();
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A name with a percent sign that encodes nothing is meant as it is.
    return path;
  }
}

const methods = { stored: 0, deflated: 8 } as const;

/** Throws what is wrong with the part, such as its checksum, after all text before the damage. */
function textOf(entry: FileEntry): AsyncGenerator<string> {
  const { compressionMethod: method, crc32 } = entry;
  if (method !== methods.stored && method !== methods.deflated) {
    throw notXlsx(`it is compressed by method ${method}, expected deflate`);
  }
  const packed = bytesOf(entry);
  const bytes = method === methods.stored ? packed : inflated(packed);
  return utf8Pieces(crc32 === undefined ? bytes : checked(bytes, crc32), "UTF-8");
}

/** The bytes of a part as the archive has them. */
async function* bytesOf(entry: FileEntry): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const pieces = new WritableStream<Uint8Array>({ write: (piece) => writer.write(piece) });
  const read = entry.getData(pieces, { passThrough: true, useWebWorkers: false });
  // Closed also after a failure: an aborted stream would drop the bytes that wait to be read. The
  // archive may be damaged before the first of them.
  const close = () => writer.close().catch(() => {});
  void read.then(close, close);
  yield* readable;
  await read;
}
