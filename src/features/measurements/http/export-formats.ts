/** The formats of exports, by the names that are asked for. */
import { parquetFormat } from "./export-parquet.ts";
import { csvFormat, ndjsonFormat } from "./export-text.ts";

export const exportFormatNames = ["ndjson", "csv", "parquet"] as const;

export const exportFormats = {
  ndjson: ndjsonFormat,
  csv: csvFormat,
  parquet: parquetFormat,
} as const satisfies Record<(typeof exportFormatNames)[number], unknown>;
