/** Files as answers: sent as they are made, however long they are. */

import type { Caller } from "../../core/access/caller.ts";
import { answerStream, type AnswerStreamDeps } from "../answers/stream.ts";

export interface ExportedFile {
  readonly contentType: string;
  /** Without what a file's name must not have. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * What goes wrong before its first bytes is a problem; later it breaks off, also when its caller's
 * credential ends. `over` is called once, at whatever end.
 */
export async function fileResponse(
  deps: AnswerStreamDeps,
  { contentType, name, chunks }: ExportedFile,
  by: Caller,
  over: () => void,
): Promise<Response> {
  try {
    const all = chunks[Symbol.asyncIterator]();
    const first = await all.next();
    const headers = {
      "content-type": contentType,
      "content-disposition": `attachment; filename="${name.replaceAll(/[^A-Za-z0-9._-]+/g, "_")}"`,
      "x-content-type-options": "nosniff",
    };
    return new Response(answerStream(deps, withFirst(first, all, by), over), { headers });
  } catch (error) {
    over();
    throw error;
  }
}

async function* withFirst(
  first: IteratorResult<Uint8Array>,
  others: AsyncIterator<Uint8Array>,
  by: Caller,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await others.next()) {
      if (by.ended !== undefined) throw by.ended;
      yield next.value;
    }
  } finally {
    await others.return?.();
  }
}
