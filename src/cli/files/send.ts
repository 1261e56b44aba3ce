/** Sends the rows of one file into its topic. */

import type { SluiceClient } from "../../client/index.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Relation } from "../../features/relations/relation.ts";
import { publishBatch } from "../gateway/publish-batch.ts";
import { refusedCells } from "./landing.ts";
import { type Pace, paced } from "./pace.ts";
import type { OpenFile } from "./source.ts";
import type { TableItem } from "./table.ts";
import type { FileTally, Tally } from "./tally.ts";

export interface SendOptions {
  readonly client: SluiceClient;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly startMs: number;
  readonly firstMs: number;
  /** The relation of the topic, if it has one. */
  readonly relation: Relation | undefined;
  /** Visible ASCII, unique to this run and file: a repeated request is stored once. */
  readonly runId: string;
  /** Ends the reading; rows in flight are still awaited. */
  readonly signal: AbortSignal;
  /** Ends the waiting as well. */
  readonly abandon: AbortSignal;
}

/** Resolves when all was sent, or when it failed: the file's tally then has the reason. */
export async function sendFile(
  open: OpenFile,
  file: FileTally,
  tally: Tally,
  options: SendOptions,
): Promise<void> {
  const { table } = open;
  const { client, abandon } = options;
  let batches = 0;
  try {
    for await (const batch of paced(open.items(), options, seen)) {
      const key = `${options.runId}-${++batches}`;
      // NDJSON: the text of each record is sent as it is.
      const text = batch.map(({ json }) => json).join("\n");
      const { accepted, refused } = await publishBatch(client, { topic: file.topic }, text, {
        idempotencyKey: key,
        signal: abandon,
      });
      file.sent += accepted;
      file.lost += refused.length;
      tally.trouble = "";
      for (const { index = 0, message } of refused) {
        tally.badCell(file, { row: batch[index]?.row ?? 0, column: undefined, message });
      }
    }
  } catch (error) {
    if (abandon.aborted) return;
    if (!(error instanceof Failure)) throw error;
    tally.failed(file, error.message);
  }

  function seen({ record, bad }: TableItem): void {
    for (const cell of bad) tally.badCell(file, cell);
    if (record === undefined) file.lost++;
    else if (bad.length === 0) {
      const refused = refusedCells(options.relation, record, table.columns);
      for (const cell of refused) tally.badCell(file, cell);
    }
  }
}
