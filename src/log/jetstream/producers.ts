/**
 * Idempotent producers in JetStream. Each has a subject of its own in the topic's stream, whose last
 * message tells in a header how far the producer has come; the server takes the next one only if
 * that is still its last. So state and records are one write, whatever is killed in between, and no
 * window of time bounds it.
 */
import { Failure } from "../../core/failure.ts";
import type { ProducerRun } from "../../core/log.ts";
import { stateAfter, type ProducerState } from "../producers.ts";
import type { Connection } from "./connection.ts";
import { failureFromCode, isNoMessage } from "./failures.ts";
import type { TopicIncarnation } from "./stream.ts";
import { tokenFromText } from "./subject.ts";

const producerHeader = "Sluice-Producer";

/** What the stream has of a producer; `entry`: the message that says so. */
export interface StoredProducer extends ProducerState {
  readonly entry: number;
}

/** No key's subject begins so: in the layout `frames` keys are not in subjects at all. */
export function producerSubject({ root }: TopicIncarnation, { id }: ProducerRun): string {
  return `${root}.~producer~${tokenFromText(id)}`;
}

/** Header lines: the state, and that the server shall take it only after `known`. */
export function producerHeaders(run: ProducerRun, known: StoredProducer | undefined): string {
  const { epoch, sequence } = stateAfter(run);
  return `${producerHeader}: ${epoch} ${sequence}\r\nNats-Expected-Last-Subject-Sequence: ${known?.entry ?? 0}\r\n`;
}

/** Asks the stream's leader. Undefined: it has nothing of this producer. */
export async function findProducer(
  connection: Connection,
  life: TopicIncarnation,
  run: ProducerRun,
): Promise<StoredProducer | undefined> {
  const question = { last_by_subj: producerSubject(life, run) };
  const reply = await connection.requests.ask(`$JS.API.STREAM.MSG.GET.${life.stream}`, question);
  // The server's "no responders" has no body.
  if (reply.data.byteLength === 0) throw failureFromCode(life.topic, 0, "it has no leader");
  const { error, message } = reply.json<Answer>();
  if (error !== undefined) {
    if (isNoMessage(error.err_code ?? 0)) return undefined;
    throw failureFromCode(life.topic, error.err_code ?? 0, error.description ?? "it refused");
  }
  const lines = atob(message?.hdrs ?? "");
  const state = /^Sluice-Producer: (\d+) (\d+)\r$/m.exec(lines);
  if (message === undefined || state === null) {
    // Another NATS client wrote there: nothing can be told of the producer.
    throw new Failure(
      "conflict",
      `Cannot append of producer "${run.id}": its subject was written to`,
    );
  }
  return { epoch: Number(state[1]), sequence: Number(state[2]), entry: message.seq };
}

interface Answer {
  readonly message?: { readonly seq: number; readonly hdrs?: string };
  readonly error?: { readonly err_code?: number; readonly description?: string };
}
