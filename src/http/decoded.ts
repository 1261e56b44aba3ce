/** Streams of records that are decoded with their schemas: once for each chunk, for all readers. */

import type { RecordDecoder } from "../core/schemas.ts";
import { type AsyncFormat, asyncFormat } from "../hub/async-format.ts";
import { renderDecodedSse } from "./sse.ts";

export interface DecodedFormats {
  readonly sse: AsyncFormat<Uint8Array>;
}

export function createDecodedFormats(decoder: RecordDecoder): DecodedFormats {
  return {
    sse: asyncFormat((chunk) => {
      const records = chunk.records.map(({ record }) => record);
      const decoded = decoder.decode(records, chunk.topic);
      if (!(decoded instanceof Promise)) return renderDecodedSse(chunk, decoded);
      return decoded.then((all) => renderDecodedSse(chunk, all));
    }),
  };
}
