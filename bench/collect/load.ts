/** The load of `sluice bench collect`: connections that send records, and what they are told. */
import { Failure } from "../../src/core/failure.ts";
import { CallSender, CallTemplates } from "./calls.ts";
import { callHead, Connection, type ConnectionEvents } from "./connection.ts";
import { requests } from "./messages.ts";
import { StreamBlocks, StreamSender } from "./stream.ts";
import { Tally, type Sender } from "./tally.ts";

export interface CollectLoad {
  readonly connections: number;
  readonly records: number;
  /** Records of one message. */
  readonly batch: number;
  /** `collect`: one stream a connection. `publish`: unary calls. */
  readonly method: "collect" | "publish";
  /** Unary calls under way at once on a connection. */
  readonly callsAtOnce: number;
}

export interface GrpcAddress {
  readonly host: string;
  readonly port: number;
}

export interface LoadResult {
  /** From the first record to the last answer. */
  readonly seconds: number;
  readonly accepted: number;
  readonly refused: number;
  /** Of this process: the load's own cost. */
  readonly cpuSeconds: number;
}

const openedAtOnce = 200;
const reportMs = 100;

/** Throws `unavailable` with what the first calls that failed were told. */
export async function sendLoad(
  { host, port }: GrpcAddress,
  topic: string,
  load: CollectLoad,
  onProgress: (done: number) => void,
): Promise<LoadResult> {
  const tally = new Tally();
  const begin = beginner(host, port, topic, load, tally);
  const senders = await openAll(load.connections, begin);
  try {
    const told = setInterval(() => onProgress(tally.sent), reportMs);
    const cpuAtStart = process.cpuUsage();
    const startMs = performance.now();
    await Promise.all(senders.map((sender) => sender.send()));
    const seconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(cpuAtStart);
    clearInterval(told);
    tally.throwFailed();
    onProgress(load.records);
    const { accepted, refused } = tally;
    return { seconds, accepted, refused, cpuSeconds: (user + system) / 1e6 };
  } finally {
    for (const sender of senders) sender.close();
  }
}

function beginner(
  host: string,
  port: number,
  topic: string,
  { connections, records, batch, method, callsAtOnce }: CollectLoad,
  tally: Tally,
): (index: number) => Sender {
  const path = method === "collect" ? "Collect" : "Publish";
  const head = callHead(`/sluice.v1.CollectorService/${path}`, `${host}:${port}`);
  const encoded = requests(batch);
  const messages = Math.floor(records / batch);
  const share = (index: number) =>
    Math.floor(((index + 1) * messages) / connections) -
    Math.floor((index * messages) / connections);
  const connection = (events: ConnectionEvents) => new Connection(host, port, events);
  if (method === "publish") {
    const templates = new CallTemplates(head, encoded, batch, topic);
    return (index) =>
      new CallSender(connection, templates, index, share(index), callsAtOnce, tally);
  }
  const blocks = new StreamBlocks(head, encoded, batch, topic);
  return (index) => new StreamSender(connection, blocks, index, share(index), tally);
}

async function openAll(count: number, begin: (index: number) => Sender): Promise<Sender[]> {
  const senders: Sender[] = [];
  const worker = async () => {
    while (senders.length < count) {
      const sender = begin(senders.length);
      senders.push(sender);
      await sender.opened;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(count, openedAtOnce) }, worker));
  } catch (cause) {
    for (const sender of senders) sender.close();
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot measure: connection ${senders.length} of ${count} was not opened: ${why}`;
    throw new Failure("unavailable", message, { cause });
  }
  return senders;
}
