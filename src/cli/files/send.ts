/** One file's rows, into its topic. */
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Relation } from "../../features/relations/relation.ts";
import { SluiceError, type Published, type SluiceClient } from "../../client/index.ts";
import { refusedCells } from "./landing.ts";
import { paced, type Pace } from "./pace.ts";
import type { OpenFile } from "./source.ts";
import type { TableItem, TableRecord } from "./table.ts";
import type { FileTally, Tally } from "./tally.ts";

export interface SendOptions {
  readonly client: SluiceClient;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly startMs: number;
  readonly firstMs: number;
  /** What the topic lands in, if anything. */
  readonly relation: Relation | undefined;
  /** Visible ASCII, unique to this run and file: a repeated request is stored once. */
  readonly runId: string;
  /** Ends the reading; what is on its way is still waited for. */
  readonly signal: AbortSignal;
  /** Ends the waiting, too. */
  readonly abandon: AbortSignal;
}

/** Resolves when all was sent, or with the file's failure in its tally. */
export async function sendFile(
  open: OpenFile,
  file: FileTally,
  tally: Tally,
  options: SendOptions,
): Promise<void> {
  const { table } = open;
  let batches = 0;
  try {
    for await (const batch of paced(open.items(), options, seen)) {
      const key = `${options.runId}-${++batches}`;
      const { accepted, refused } = await publish(options, file.topic, batch, key);
      file.sent += accepted;
      file.lost += refused.length;
      tally.trouble = "";
      for (const { index = 0, message } of refused) {
        tally.badCell(file, { row: batch[index]?.row ?? 0, column: undefined, message });
      }
    }
  } catch (error) {
    if (options.abandon.aborted) return;
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

/** A batch of which nothing was accepted is an answer, too: the next one may be better. */
async function publish(
  { client, abandon }: SendOptions,
  topic: string,
  batch: readonly TableRecord[],
  idempotencyKey: string,
): Promise<Pick<Published, "accepted" | "refused">> {
  // NDJSON: each record's text goes as it is.
  const text = batch.map(({ json }) => json).join("\n");
  try {
    return await client.publish({ topic }, text, { idempotencyKey, signal: abandon });
  } catch (error) {
    const refused = error instanceof SluiceError ? error.errors : [];
    if (refused.length === 0 || refused.some(({ index }) => index === undefined)) throw error;
    return { accepted: 0, refused };
  }
}
