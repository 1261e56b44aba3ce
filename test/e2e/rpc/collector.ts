/** Producers with generated code, and reading a topic back in pages. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import type { RecordSchema } from "../../../src/gen/sluice/v1/record_pb.ts";
import { ask } from "../../support/http.ts";

export type Producer = Client<typeof CollectorService>;
export type RecordInit = MessageInitShape<typeof RecordSchema>;

export function producerOf(transport: Transport): Producer {
  return createClient(CollectorService, transport);
}

/** A record whose value is the text. It is not JSON, so pages show it in base64. */
export function record(text: string): RecordInit {
  return { value: Buffer.from(text), contentType: "text/plain" };
}

/** The messages as an async iterable. */
export async function* sending<Message>(...messages: Message[]): AsyncGenerator<Message> {
  yield* messages;
}

export interface Shown {
  readonly text: string;
  readonly position: string;
}

interface PageEvent {
  readonly position: string;
  readonly data: { readonly base64?: string };
}

/** All records of the topic, page by page from the oldest; empty if the topic does not exist. */
export async function shown(url: string, topic: string): Promise<readonly Shown[]> {
  const all: Shown[] = [];
  for (let after = "earliest"; ;) {
    const page = await ask("GET", `${url}/v1/topics/${topic}/records?limit=1000&after=${after}`);
    if (page.status === 404) return [];
    if (page.status !== 200) throw new Error(`Page after ${after}: ${page.status} ${page.text}`);
    const events: PageEvent[] = page.json.events;
    for (const { position, data } of events) {
      all.push({ position, text: Buffer.from(data.base64 ?? "", "base64").toString() });
    }
    if (page.json.next === null) return all;
    after = page.json.next;
  }
}

export async function texts(url: string, topic: string): Promise<readonly string[]> {
  return (await shown(url, topic)).map(({ text }) => text);
}
