/** What turns records into lines: with generated code, or with schemas fetched at run time. */
import type { Record } from "../../gen/sluice/v1/record_pb.ts";

export interface LineDecoder {
  /**
   * The value as protobuf JSON, on one line. Throws a `Failure`: `invalid` for a record that cannot
   * be decoded, anything else where trying again may help.
   */
  decode(record: Record, signal: AbortSignal): string | Promise<string>;
}
