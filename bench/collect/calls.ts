/** Unary calls on one connection, so many at once; each answer begins the next. */
import {
  dataFrames,
  headersFrame,
  type CallEnd,
  type Connection,
  type ConnectionEvents,
} from "./connection.ts";
import { withTopic } from "./messages.ts";
import type { Sender, Tally } from "./tally.ts";

const grpcHeadBytes = 5;

interface Template {
  /** Frames of a call on stream 0: the stream's number is written over. */
  readonly frames: Buffer;
  /** Where its numbers are. */
  readonly streamsAt: readonly number[];
  readonly bytes: number;
}

/** What all calls send, encoded once. */
export class CallTemplates {
  readonly batch: number;
  readonly #templates: readonly Template[];

  constructor(head: Buffer, requests: readonly Buffer[], batch: number, topic: string) {
    this.batch = batch;
    const headers = headersFrame(0, head);
    this.#templates = requests.map((request) => {
      const message = withTopic(request, topic);
      const frames = Buffer.concat([headers, dataFrames(0, message, true)]);
      return { frames, streamsAt: streamsOf(frames), bytes: message.byteLength + grpcHeadBytes };
    });
  }

  at(index: number): Template {
    const template = this.#templates[index % this.#templates.length];
    if (template === undefined) throw new RangeError("There are no requests");
    return template;
  }
}

export class CallSender implements Sender, ConnectionEvents {
  readonly #connection: Connection;
  readonly #templates: CallTemplates;
  readonly #tally: Tally;
  readonly #atOnce: number;
  readonly #answers = new Map<number, Buffer[]>();
  readonly #done = Promise.withResolvers<void>();
  #next: number;
  #stream = 1;
  #left: number;

  constructor(
    connection: (events: ConnectionEvents) => Connection,
    templates: CallTemplates,
    index: number,
    calls: number,
    atOnce: number,
    tally: Tally,
  ) {
    this.#templates = templates;
    this.#next = index;
    this.#left = calls;
    this.#atOnce = atOnce;
    this.#tally = tally;
    this.#connection = connection(this);
  }

  get opened(): Promise<void> {
    return this.#connection.opened;
  }

  send(): Promise<void> {
    if (this.#left === 0) return Promise.resolve();
    this.#begin();
    return this.#done.promise;
  }

  close(): void {
    this.#connection.close();
  }

  writable(): void {
    if (this.#answers.size > 0) this.#begin();
  }

  data(stream: number, bytes: Buffer): void {
    this.#answers.get(stream)?.push(Buffer.from(bytes));
  }

  ended(stream: number, end: CallEnd): void {
    const answer = this.#answers.get(stream);
    if (answer === undefined) return;
    this.#answers.delete(stream);
    if (this.#tally.answered(answer, end)) this.#tally.sent += this.#templates.batch;
    else this.#left = 0;
    if (this.#left > 0) this.#begin();
    else if (this.#answers.size === 0) this.#done.resolve();
  }

  failed(why: string): void {
    this.#tally.failed(why);
    this.#done.resolve();
  }

  #begin(): void {
    while (this.#left > 0 && this.#answers.size < this.#atOnce) {
      const { frames, streamsAt, bytes } = this.#templates.at(this.#next);
      // With none under way there is always room: a window holds more than one call.
      if (this.#answers.size > 0 && this.#connection.room() < bytes) return;
      const call = Buffer.from(frames);
      for (const at of streamsAt) call.writeUInt32BE(this.#stream, at);
      this.#answers.set(this.#stream, []);
      this.#connection.write(call, bytes);
      this.#next++;
      this.#left--;
      this.#stream += 2;
    }
  }
}

function streamsOf(frames: Buffer): number[] {
  const places: number[] = [];
  for (let at = 0; at < frames.byteLength; at += 9 + frames.readUIntBE(at, 3)) places.push(at + 5);
  return places;
}
