/** `sluice publish`: lines of standard input, or a file, as records. */

import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline";
import type { SluiceClient, Target } from "../client/index.ts";
import { Failure, type Issue } from "../core/failure.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { command } from "./command/command.ts";
import { exitCodes } from "./command/exit-codes.ts";
import { path, text } from "./command/parameters.ts";
import { UsageError } from "./command/usage-error.ts";
import { gatewayOptions, jsonOption } from "./gateway/options.ts";
import { publishBatch } from "./gateway/publish-batch.ts";
import { failureFromClient } from "./gateway/request.ts";
import { optionalTopic, targetFrom, targetOptions } from "./gateway/target-options.ts";
import { counted, printJson } from "./terminal/listing.ts";

/** One request: far below what a gateway accepts. */
const batchMax = { lines: 1000, bytes: 1024 * 1024 };
/** How long lines wait for more of them: those that are typed are sent at once. */
const lingerMs = 20;

export const publish = command({
  name: "publish",
  summary: "append records to a topic or an emitter",
  description: `Each line of standard input, or of --file, is one JSON record. With another --content-type the
whole input is one record of these bytes. Prints how many records are durable, and where the last one
is. A line that is refused is reported with its number; the others are appended.`,
  arguments: { topic: optionalTopic },
  options: {
    ...targetOptions,
    file: path({ doc: "read this file instead of standard input", value: "FILE" }),
    "content-type": text({
      doc: "of the whole input as one record, instead of a JSON record a line",
      value: "TYPE",
    }),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: `echo '{"order":1,"total":"12.50"}' | sluice publish orders --key shop-7`,
      prints: ["1 record, the last at …"],
    },
    {
      line: `sluice emitter create web-1\necho '{"level":"info","message":"listening"}' | sluice publish --emitter web-1`,
      prints: ["web-1", "1 record, the last at …"],
    },
    {
      line: "sluice publish pictures --file docs/figures/acks-delays.svg --content-type image/svg+xml",
      prints: ["1 record, the last at …"],
    },
  ],
  async run(runtime, { url, file, contentType, json, ...given }) {
    const target = targetFrom(given);
    if (contentType !== undefined && target.emitter !== undefined) {
      throw new UsageError(
        "Cannot use --content-type with --emitter: an emitter's records are JSON",
      );
    }
    const client = url.client();
    const published = new Published(runtime);
    try {
      if (contentType === undefined || contentType === "application/json") {
        await publishLines(client, target, file, published);
      } else {
        const bytes = file === undefined ? await standardInput() : await fileBytes(file);
        await send({ client, target, contentType }, bytes, published, [1]);
      }
    } catch (error) {
      throw failureFromClient(url, error);
    }
    published.print(json);
    return published.refused > 0 ? exitCodes.failed : exitCodes.done;
  },
});

/** What the gateway has answered so far. */
class Published {
  readonly #runtime: Runtime;
  accepted = 0;
  refused = 0;
  position: string | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  refuse(issues: readonly Issue[], lineNumbers: readonly number[]): void {
    this.refused += issues.length;
    for (const { index = 0, message } of issues) {
      this.#runtime.logLine(`line ${lineNumbers[index] ?? index + 1}: ${message}\n`);
    }
  }

  print(json: boolean): void {
    const { accepted, refused, position } = this;
    if (json) return printJson(this.#runtime, { accepted, refused, position: position ?? null });
    const end = position === undefined ? "" : `, the last at ${position}`;
    const not = refused === 0 ? "" : `, ${refused} refused`;
    this.#runtime.print(`${counted(accepted, "record")}${end}${not}\n`);
  }
}

async function publishLines(
  client: SluiceClient,
  target: Target,
  file: string | undefined,
  published: Published,
): Promise<void> {
  for await (const batch of batches(await openInput(file))) {
    const text = batch.map((line) => line.text).join("\n");
    const request = { client, target, contentType: "application/x-ndjson" };
    await send(
      request,
      new TextEncoder().encode(text),
      published,
      batch.map((line) => line.number),
    );
  }
}

interface PublishRequest {
  readonly client: SluiceClient;
  readonly target: Target;
  readonly contentType: string;
}

async function send(
  { client, target, contentType }: PublishRequest,
  bytes: Uint8Array<ArrayBuffer>,
  published: Published,
  lineNumbers: readonly number[],
): Promise<void> {
  const idempotencyKey = crypto.randomUUID();
  const options = { idempotencyKey, contentType };
  const { accepted, refused, position } = await publishBatch(client, target, bytes, options);
  published.accepted += accepted;
  published.position = position ?? published.position;
  published.refuse(refused, lineNumbers);
}

interface Line {
  readonly text: string;
  /** Counted from 1, as editors do. */
  readonly number: number;
}

/** Lines that arrive together go together; empty ones are skipped. */
async function* batches(
  input: NodeJS.ReadableStream,
): AsyncGenerator<readonly Line[], void, undefined> {
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const lines = reader[Symbol.asyncIterator]();
  let number = 0;
  let batch: Line[] = [];
  let bytes = 0;
  for (let next = lines.next(); ;) {
    const line = await within(next, batch.length === 0 ? undefined : lingerMs);
    if (line !== undefined && line.done !== true) {
      number++;
      if (line.value.trim() !== "") batch.push({ text: line.value, number });
      bytes += line.value.length;
      next = lines.next();
      if (batch.length < batchMax.lines && bytes < batchMax.bytes) continue;
    }
    if (batch.length > 0) yield batch;
    if (line?.done === true) return;
    batch = [];
    bytes = 0;
  }
}

/** Undefined where it takes longer than `ms`. */
async function within<Value>(
  value: Promise<Value>,
  ms: number | undefined,
): Promise<Value | undefined> {
  if (ms === undefined) return await value;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const first = await Promise.race([value, late]);
  clearTimeout(timer);
  return first;
}

async function openInput(file: string | undefined): Promise<NodeJS.ReadableStream> {
  if (file === undefined) return process.stdin;
  const stream = createReadStream(file);
  await new Promise<void>((resolve, reject) => {
    stream.once("open", () => resolve());
    stream.once("error", (error) => reject(unreadable(file, error)));
  });
  return stream;
}

async function standardInput(): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}

async function fileBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): Failure {
  const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
  const why = isAbsent ? "there is no such file" : String(error);
  return new Failure("invalid", `Cannot read ${file}: ${why}`);
}
