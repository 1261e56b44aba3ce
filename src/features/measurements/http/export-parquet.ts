/**
 * Parquet: `time` (int64, nanoseconds since 1970), `tag` (string) and `values` (list of double). A
 * timestamp type would have some readers round what they cannot hold.
 */

import { parquetFile, type ParquetRows, type SchemaElement } from "../../../http/export/parquet.ts";
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
  write: (tag, pages) => parquetFile(schema, rowsOf(tag, pages)),
};

async function* rowsOf(
  tag: string,
  pages: AsyncIterable<readonly SeriesPoint[]>,
): AsyncGenerator<ParquetRows> {
  for await (const points of pages) {
    yield {
      columns: [
        { name: "time", data: points.map(({ timeNs }) => timeNs) },
        { name: "tag", data: points.map(() => tag) },
        { name: "values", data: points.map((point) => valuesToNumbers(point)) },
      ],
      count: points.length,
    };
  }
}
