/** One client stream on one connection, as fast as the peer takes it. */
import {
  dataFrames,
  endFrame,
  headersFrame,
  type CallEnd,
  type Connection,
  type ConnectionEvents,
} from "./connection.ts";
import { withTopic } from "./messages.ts";
import type { Sender, Tally } from "./tally.ts";

const grpcHeadBytes = 5;
/** Far below any window, and enough that a write costs little by the message. */
const blockBytesMax = 32 * 1024;

interface Block {
  readonly frames: Buffer;
  /** What counts against the windows. */
  readonly bytes: number;
  readonly messages: number;
}

/** What all streams send, encoded once: each is stream 1 of its connection, so the bytes are the same. */
export class StreamBlocks {
  readonly start: Block;
  readonly blocks: readonly Block[];
  readonly batch: number;
  readonly #requests: readonly Buffer[];
  readonly #some = new Map<number, Block>();

  constructor(head: Buffer, requests: readonly Buffer[], batch: number, topic: string) {
    this.#requests = requests;
    this.batch = batch;
    const first = blockOf(requests.slice(0, 1).map((request) => withTopic(request, topic)));
    this.start = { ...first, frames: Buffer.concat([headersFrame(1, head), first.frames]) };
    this.blocks = cut(requests).map(blockOf);
  }

  /** For what is left at a stream's end. */
  some(messages: number): Block {
    let block = this.#some.get(messages);
    if (block === undefined) {
      block = blockOf(this.#requests.slice(0, messages));
      this.#some.set(messages, block);
    }
    return block;
  }
}

export class StreamSender implements Sender, ConnectionEvents {
  readonly #connection: Connection;
  readonly #blocks: StreamBlocks;
  readonly #tally: Tally;
  readonly #answer: Buffer[] = [];
  readonly #done = Promise.withResolvers<void>();
  #next: number;
  #left: number;
  #isSending = false;

  constructor(
    connection: (events: ConnectionEvents) => Connection,
    blocks: StreamBlocks,
    index: number,
    messages: number,
    tally: Tally,
  ) {
    this.#blocks = blocks;
    this.#next = index;
    this.#left = messages;
    this.#tally = tally;
    this.#connection = connection(this);
  }

  get opened(): Promise<void> {
    return this.#connection.opened;
  }

  send(): Promise<void> {
    if (this.#left === 0) return Promise.resolve();
    this.#write(this.#blocks.start);
    this.#isSending = true;
    this.writable();
    return this.#done.promise;
  }

  close(): void {
    this.#connection.close();
  }

  writable(): void {
    while (this.#isSending) {
      if (this.#left === 0) {
        this.#isSending = false;
        this.#connection.write(endFrame(1), 0);
        return;
      }
      const block = this.#block();
      if (this.#connection.room(1) < block.bytes) return;
      this.#next++;
      this.#write(block);
    }
  }

  data(_stream: number, bytes: Buffer): void {
    this.#answer.push(Buffer.from(bytes));
  }

  ended(_stream: number, end: CallEnd): void {
    this.#isSending = false;
    this.#tally.answered(this.#answer, end);
    this.#done.resolve();
  }

  failed(why: string): void {
    this.#isSending = false;
    this.#tally.failed(why);
    this.#done.resolve();
  }

  #block(): Block {
    const { blocks } = this.#blocks;
    const block = blocks[this.#next % blocks.length];
    if (block !== undefined && block.messages <= this.#left) return block;
    // Fewer than a block has, so fewer than there are requests.
    return this.#blocks.some(this.#left);
  }

  #write(block: Block): void {
    this.#connection.write(block.frames, block.bytes);
    this.#left -= block.messages;
    this.#tally.sent += block.messages * this.#blocks.batch;
  }
}

/** Groups of successive requests, each of at most `blockBytesMax`, or of one. */
function cut(requests: readonly Buffer[]): Buffer[][] {
  const groups: Buffer[][] = [];
  let bytes = Infinity;
  for (const request of requests) {
    bytes += request.byteLength;
    if (bytes > blockBytesMax) {
      groups.push([]);
      bytes = request.byteLength;
    }
    groups.at(-1)?.push(request);
  }
  return groups;
}

/** A frame for each message, as clients write them that do not know what comes next. */
function blockOf(requests: readonly Buffer[]): Block {
  return {
    frames: Buffer.concat(requests.map((request) => dataFrames(1, request, false))),
    bytes: requests.reduce((sum, { byteLength }) => sum + byteLength + grpcHeadBytes, 0),
    messages: requests.length,
  };
}
