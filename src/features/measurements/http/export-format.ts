/** What a format of exports is: pages of points as the bytes of a file. */
import type { SeriesPoint } from "../series-port.ts";

export interface ExportFormat {
  readonly contentType: string;
  readonly extension: string;
  /** A file of one tag's points, chunk by chunk as their pages come. */
  write(tag: string, pages: AsyncIterable<readonly SeriesPoint[]>): AsyncIterable<Uint8Array>;
}
