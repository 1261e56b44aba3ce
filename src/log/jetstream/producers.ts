/**
 * Idempotent producers in JetStream. Each has its own subject in the topic's stream. A header of its
 * last message has the producer's state, and the server accepts the next message only if that one is
 * still the last. State and records are therefore one write, whatever is killed, and deduplication has
 * no time limit.
 */

import { Failure } from "../../core/failure.ts";
import type { ProducerRun } from "../../core/log.ts";
import { type ProducerState, stateAfter } from "../producers.ts";
import type { Connection } from "./connection.ts";
import { failureFromCode, isNoMessage } from "./failures.ts";
import type { TopicIncarnation } from "./stream.ts";
import { tokenFromText } from "./subject.ts";

const producerHeader = "Sluice-Producer";

/** A producer's state in the stream; `entry`: the sequence of the message that has it. */
export interface StoredProducer extends ProducerState {
  readonly entry: number;
}

/** No key's subject begins with this: in the layout `frames` subjects have no keys. */
export function producerSubject({ root }: TopicIncarnation, { id }: ProducerRun): string {
  return `${root}.~producer~${tokenFromText(id)}`;
}

/** Header lines: the new state, and that the server must accept it only after `known`. */
export function producerHeaders(run: ProducerRun, known: StoredProducer | undefined): string {
  const { epoch, sequence } = stateAfter(run);
  return `${producerHeader}: ${epoch} ${sequence}\r\nNats-Expected-Last-Subject-Sequence: ${known?.entry ?? 0}\r\n`;
}

/** From the stream's leader. Undefined: it has nothing of this producer. */
export async function findProducer(
  connection: Connection,
  incarnation: TopicIncarnation,
  run: ProducerRun,
  answerMs: number,
): Promise<StoredProducer | undefined> {
  const question = { last_by_subj: producerSubject(incarnation, run) };
  const reply = await connection.requests.ask(
    `$JS.API.STREAM.MSG.GET.${incarnation.stream}`,
    question,
    answerMs,
  );
  // The server's status "no responders" has no body.
  if (reply.data.byteLength === 0) throw failureFromCode(incarnation.topic, 0, "it has no leader");
  const { error, message } = reply.json<Answer>();
  if (error !== undefined) {
    if (isNoMessage(error.err_code ?? 0)) return undefined;
    throw failureFromCode(
      incarnation.topic,
      error.err_code ?? 0,
      error.description ?? "it refused",
    );
  }
  const lines = atob(message?.hdrs ?? "");
  const state = /^Sluice-Producer: (\d+) (\d+)\r$/m.exec(lines);
  if (message === undefined || state === null) {
    // Another NATS client wrote to the subject: the producer's state is unknown.
    throw new Failure(
      "conflict",
      `Cannot append for producer "${run.id}": another NATS client has written to its subject`,
    );
  }
  return { epoch: Number(state[1]), sequence: Number(state[2]), entry: message.seq };
}

interface Answer {
  readonly message?: { readonly seq: number; readonly hdrs?: string };
  readonly error?: { readonly err_code?: number; readonly description?: string };
}
