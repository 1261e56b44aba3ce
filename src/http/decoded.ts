/** Streams of records that are decoded with their schemas: once for each chunk, for all readers and formats. */

import type { DecodedRecord, RecordDecoder } from "../core/schemas.ts";
import { type AsyncFormat, asyncFormat } from "../hub/async-format.ts";
import type { Chunk } from "../hub/chunk.ts";
import { renderDecodedSse } from "./sse.ts";
import { renderDecodedEvents } from "./ws-messages.ts";

export interface DecodedFormats {
  readonly sse: AsyncFormat<Uint8Array>;
  readonly ws: AsyncFormat<string>;
}

export function createDecodedFormats(decoder: RecordDecoder): DecodedFormats {
  const decoded = asyncFormat(({ records }: Chunk) =>
    decoder.decode(records.map(({ record }) => record)),
  );

  function formatOf<Bytes>(
    render: (chunk: Chunk, records: readonly (DecodedRecord | undefined)[]) => Bytes,
  ): AsyncFormat<Bytes> {
    return asyncFormat((chunk) => {
      const records = decoded.render(chunk);
      if (!(records instanceof Promise)) return render(chunk, records);
      return records.then((all) => render(chunk, all));
    });
  }

  return { sse: formatOf(renderDecodedSse), ws: formatOf(renderDecodedEvents) };
}
