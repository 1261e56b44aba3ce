/** How a record becomes a line: by generated code, by fetched schemas, or as it is. */

import type { Record } from "../../gen/sluice/v1/record_pb.ts";

export interface LineDecoder {
  /**
   * The value on one line. Throws a `Failure`: `invalid` or `not_found` for a record that cannot be
   * decoded, anything else where a retry may help.
   */
  decode(record: Record, signal: AbortSignal): string | Promise<string>;
}
