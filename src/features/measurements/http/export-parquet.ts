/**
 * Parquet, row group by row group: `time` (int64, nanoseconds since 1970), `tag` (string) and `values`
 * (list of double). A timestamp type would have some readers round what they cannot hold.
 */

import type { ByteWriter, SchemaElement } from "hyparquet-writer";
import { valuesToNumbers } from "../measurement.ts";
import type { ExportFormat } from "../query/export.ts";
import type { SeriesPoint } from "../series-port.ts";

const schema: SchemaElement[] = [
  { name: "root", num_children: 3 },
  { name: "time", type: "INT64", repetition_type: "REQUIRED" },
  { name: "tag", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "values", repetition_type: "REQUIRED", converted_type: "LIST", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "DOUBLE", repetition_type: "REQUIRED" },
];

export const parquetFormat: ExportFormat = {
  contentType: "application/vnd.apache.parquet",
  extension: "parquet",
  async *write(tag, pages) {
    // Loaded on demand: most gateways never export Parquet.
    const { ByteWriter: Bytes, ParquetWriter } = await import("hyparquet-writer");
    const bytes = new Bytes();
    const file = new ParquetWriter({ writer: bytes, schema, createdBy: "sluice" });
    for await (const points of pages) {
      await file.write({ columnData: columnsOf(tag, points), rowGroupSize: points.length });
      yield takeChunk(bytes);
    }
    await file.finish();
    yield takeChunk(bytes);
  },
};

function columnsOf(tag: string, points: readonly SeriesPoint[]) {
  const offsetIndex = false;
  return [
    { name: "time", data: points.map(({ timeNs }) => timeNs), offsetIndex },
    { name: "tag", data: points.map(() => tag), offsetIndex },
    { name: "values", data: points.map((point) => valuesToNumbers(point)), offsetIndex },
  ];
}

/** What was written so far; offsets continue to count from the start of the file. */
function takeChunk(bytes: ByteWriter): Uint8Array {
  const chunk = bytes.getBytes().slice();
  bytes.index = 0;
  return chunk;
}
