/** Parquet as a stream: row group by row group. */

import type { ByteWriter, ColumnSource, SchemaElement } from "hyparquet-writer";

export type { SchemaElement };

export interface ParquetRows {
  readonly columns: readonly Pick<ColumnSource, "name" | "data">[];
  readonly count: number;
}

/** A file of these columns, a row group for each of the given. */
export async function* parquetFile(
  schema: SchemaElement[],
  groups: AsyncIterable<ParquetRows>,
): AsyncGenerator<Uint8Array> {
  // Loaded on demand: most gateways never export Parquet.
  const { ByteWriter: Bytes, ParquetWriter } = await import("hyparquet-writer");
  const bytes = new Bytes();
  const file = new ParquetWriter({ writer: bytes, schema, createdBy: "sluice" });
  for await (const { columns, count } of groups) {
    const columnData = columns.map((column) => ({ ...column, offsetIndex: false }));
    await file.write({ columnData, rowGroupSize: count });
    yield takeChunk(bytes);
  }
  await file.finish();
  yield takeChunk(bytes);
}

/** What was written so far; offsets continue to count from the start of the file. */
function takeChunk(bytes: ByteWriter): Uint8Array {
  const chunk = bytes.getBytes().slice();
  bytes.index = 0;
  return chunk;
}
