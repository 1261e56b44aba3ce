/** A slow reader of server-sent events: over `fetch`, and only as fast as the test takes events. */

export interface SseEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export interface SseReader {
  /** The next `count` events. Rejects when the stream ends before. */
  take(count: number): Promise<SseEvent[]>;
  /** All events up to the end of the stream. */
  rest(): Promise<SseEvent[]>;
  /** The last id that was sent, also without an event. */
  readonly lastId: string;
  readonly status: Promise<number>;
  close(): Promise<void>;
}

export function readSse(url: string, headers: Record<string, string> = {}): SseReader {
  const abort = new AbortController();
  const response = fetch(url, { headers, signal: abort.signal });
  // A caller that ignores the status still gets the failure when it takes events.
  const status = response.then((answer) => answer.status);
  status.catch(() => {});
  let lastId = "";
  const events = parse(response, (id) => {
    lastId = id;
  });
  return {
    status,
    get lastId() {
      return lastId;
    },
    async take(count) {
      const taken: SseEvent[] = [];
      while (taken.length < count) {
        const next = await events.next();
        if (next.done) throw new Error(`The stream ended after ${taken.length} of ${count} events`);
        taken.push(next.value);
      }
      return taken;
    },
    async rest() {
      const rest: SseEvent[] = [];
      for await (const event of events) rest.push(event);
      return rest;
    },
    async close() {
      abort.abort();
      // The generator may be waiting for bytes that were just cut off.
      await events.return(undefined).catch(() => undefined);
    },
  };
}

async function* parse(
  response: Promise<Response>,
  moved: (id: string) => void,
): AsyncGenerator<SseEvent, void, undefined> {
  const { body, status } = await response;
  if (status !== 200 || body === null) throw new Error(`The stream answered ${status}`);
  const text = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    rest += text.decode(bytes, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event.id !== "") moved(event.id);
      if (event.data !== "") yield event;
    }
  }
}

function parseBlock(block: string): SseEvent {
  const event = { id: "", event: "message", data: [] as string[] };
  for (const line of block.split("\n")) {
    if (line.startsWith("id:")) event.id = line.slice(3);
    else if (line.startsWith("event:")) event.event = line.slice(6);
    else if (line.startsWith("data:")) event.data.push(line.slice(5));
  }
  return { ...event, data: event.data.join("\n") };
}
