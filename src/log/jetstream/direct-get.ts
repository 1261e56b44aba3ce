/** Reads stored entries without a consumer: batches of Direct Get, which any replica answers. */

import type { Msg } from "@nats-io/transport-node";
import { Failure } from "../../core/failure.ts";
import type { Connection } from "./connection.ts";
import type { StoredEntry } from "./entry.ts";
import { failureFromCode, isNoMessage, jetstreamUnavailable } from "./failures.ts";
import { headerOf, type MessageHeaders, readHeaders } from "./headers.ts";
import type { TopicIncarnation } from "./stream.ts";

const batchEntries = 512;
const batchBytes = 1024 ** 2;

export interface Got {
  readonly entries: readonly StoredEntry[];
  /** The server that answered has nothing more up to the last requested sequence. */
  readonly isAll: boolean;
}

/**
 * Entries from one sequence to another, of one subject or of all; undefined where no server listens,
 * as for a moment while a stream is created or moved. Throws `unavailable`.
 */
export function getEntries(
  connection: Connection,
  incarnation: TopicIncarnation,
  fromSequence: number,
  lastSequence: number,
  filter: string | undefined,
): Promise<Got | undefined> {
  return new Promise((resolve, reject) => {
    const entries: StoredEntry[] = [];
    const question = {
      seq: fromSequence,
      // Of one subject there may be as many; of all not more than there are sequences between.
      batch: Math.min(batchEntries, lastSequence - fromSequence + 1),
      max_bytes: batchBytes,
      ...(filter === undefined ? {} : { next_by_subj: filter }),
    };
    const payload = utf8.encode(JSON.stringify(question));
    connection.requests.send(`$JS.API.DIRECT.GET.${incarnation.stream}`, payload, "", (answer) => {
      if (answer instanceof Failure) {
        reject(answer);
        return true;
      }
      const headers = readHeaders(answer);
      const { status, description } = headers;
      const last = entries.at(-1)?.sequence ?? 0;
      const before = headerOf(headers, "Nats-Last-Sequence");
      // Each entry has the sequence of the one before it, and the end has that of the last.
      if (before !== "" && Number(before) !== last) {
        reject(jetstreamUnavailable(incarnation.topic, "a part of an answer is missing"));
      } else if (status === 0) {
        entries.push(entryFromAnswer(answer, headers));
        if (before !== "") return false;
        // A server without batches answers with one entry, and without the one before it.
        resolve(gotUpTo(lastSequence, entries, false));
      } else if (status === 204) {
        const isAll = headerOf(headers, "Nats-Num-Pending") === "0";
        resolve(gotUpTo(lastSequence, entries, isAll));
      } else if (status === 404) {
        resolve(gotUpTo(lastSequence, entries, true));
      } else if (status === 503) {
        resolve(undefined);
      } else {
        reject(jetstreamUnavailable(incarnation.topic, `${status} ${description}`));
      }
      return true;
    });
  });
}

function gotUpTo(last: number, entries: readonly StoredEntry[], isAll: boolean): Got {
  if ((entries.at(-1)?.sequence ?? 0) < last) return { entries, isAll };
  return { entries: entries.filter((entry) => entry.sequence <= last), isAll: true };
}

/** The sequence of the leader's first entry from a sequence on; undefined when there is not any. */
export async function nextOnLeader(
  connection: Connection,
  incarnation: TopicIncarnation,
  fromSequence: number,
  filter: string | undefined,
): Promise<number | undefined> {
  const question = { seq: fromSequence, next_by_subj: filter ?? ">" };
  const subject = `$JS.API.STREAM.MSG.GET.${incarnation.stream}`;
  const answer: MessageGot = (await connection.requests.ask(subject, question)).json();
  if (answer.error !== undefined) {
    const { err_code: code = 0, description = "" } = answer.error;
    if (isNoMessage(code)) return undefined;
    throw failureFromCode(incarnation.topic, code, description);
  }
  return answer.message?.seq;
}

interface MessageGot {
  readonly message?: { readonly seq: number };
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

const utf8 = new TextEncoder();

function entryFromAnswer(message: Msg, headers: MessageHeaders): StoredEntry {
  return {
    sequence: Number(headerOf(headers, "Nats-Sequence")),
    receivedNs: nsFromTime(headerOf(headers, "Nats-Time-Stamp")),
    subject: headerOf(headers, "Nats-Subject"),
    headers: headers.lines,
    payload: message.data,
  };
}

/** Nanoseconds of an RFC 3339 time in UTC with up to nine fractional digits. */
function nsFromTime(time: string): bigint {
  const seconds = Date.parse(`${time.slice(0, 19)}Z`) / 1_000;
  const fraction = time.slice(20, -1);
  return BigInt(`${seconds}${fraction.padEnd(9, "0")}`);
}
