/**
 * What the client must do on every runtime, on web APIs alone: Bun runs it here, Deno in
 * `test/deno/client.ts`, Chromium in a page. The address is of a network that is cut all the time.
 */

import { createClient, SluiceError, type Subscription } from "../../../src/client/index.ts";

const last = 2000;

/** Returns what it has seen; throws where that is not what is expected. */
export async function clientScenario(url: string, runtime: string): Promise<string> {
  let retries = 0;
  const client = createClient({
    url,
    reconnectMs: 20,
    reconnectMsMax: 200,
    attemptsMax: 100,
    onRetry: () => retries++,
  });
  const emitter = `scenario-${runtime}`;
  await client.emitters.create({ id: emitter, source: "external" });
  const conflict = await failureOf(client.emitters.create({ id: emitter, rate: 7 }));
  wanted(
    conflict instanceof SluiceError && conflict.code === "conflict",
    `a conflict, got ${String(conflict)}`,
  );

  const socket = client.socket();
  const sse = client.subscribe({ emitter });
  const sockets = socket.subscribe({ emitter });
  await Promise.all([sse.ready(), sockets.ready()]);
  const reading = Promise.all([readAll(sse), readAll(sockets)]);
  for (let n = 1; n <= last; n += 20) {
    const events = Array.from({ length: 20 }, (_, i) => ({
      n: n + i,
      ns: 9007199254740993n + BigInt(n + i),
    }));
    const options = { idempotencyKey: `${emitter}-${n}` };
    const { accepted } = await (n % 40 === 1 ? client : socket).publish(
      { emitter },
      events,
      options,
    );
    wanted(accepted === 20, `20 accepted, got ${accepted}`);
    // However fast the machine, this lasts for several cuts.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await client.emitters.end(emitter);
  await reading;
  wanted(sse.ended && sockets.ended, "both ended");
  socket.close();

  let paged = 0;
  for await (const { events } of client.emitters.pages(emitter, { limit: 300 })) {
    paged += events.length;
  }
  wanted(paged === last, `${last} events in pages, got ${paged}`);
  return `${last} events over SSE, a socket and pages; came back ${retries >= 8 ? "often" : `${retries} times`}`;
}

async function readAll(subscription: Subscription): Promise<void> {
  let next = 1;
  for await (const { text } of subscription) {
    const exact = `{"n":${next},"ns":${9007199254740993n + BigInt(next)}}`;
    wanted(text === exact, `${exact}, got ${text}`);
    next++;
  }
  wanted(next === last + 1, `${last} events, got ${next - 1}`);
}

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  try {
    return await action;
  } catch (error) {
    return error;
  }
}

function wanted(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Wanted ${what}`);
}
