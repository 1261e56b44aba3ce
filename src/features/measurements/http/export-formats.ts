/** The formats of exports, by their names in a query. */

import { parquetFormat } from "./export-parquet.ts";
import { csvFormat, ndjsonFormat } from "./export-text.ts";

export const exportFormatNames = ["ndjson", "csv", "parquet"] as const;
export type ExportFormatName = (typeof exportFormatNames)[number];

export const exportFormats = {
  ndjson: ndjsonFormat,
  csv: csvFormat,
  parquet: parquetFormat,
} as const satisfies Record<ExportFormatName, unknown>;
