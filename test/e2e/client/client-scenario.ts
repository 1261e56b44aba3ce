/**
 * A scenario for the client on every runtime, with web APIs only: Bun runs it here, Deno in
 * `test/deno/client.ts`, Chromium in a page. The address is that of a network that is cut repeatedly.
 */

import { createClient, SluiceError, type Subscription } from "../../../src/client/index.ts";

const last = 2000;

/** Returns a summary; throws if a result is not the expected one. */
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
  expectThat(
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
    expectThat(accepted === 20, `20 accepted, got ${accepted}`);
    // The pause makes it last for several cuts, however fast the machine is.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await client.emitters.end(emitter);
  await reading;
  expectThat(sse.ended && sockets.ended, "both ended");
  socket.close();

  let paged = 0;
  for await (const { events } of client.emitters.pages(emitter, { limit: 300 })) {
    paged += events.length;
  }
  expectThat(paged === last, `${last} events in pages, got ${paged}`);
  return `${last} events over SSE, a socket and pages; came back ${retries >= 8 ? "often" : `${retries} times`}`;
}

async function readAll(subscription: Subscription): Promise<void> {
  let next = 1;
  for await (const { text } of subscription) {
    const exact = `{"n":${next},"ns":${9007199254740993n + BigInt(next)}}`;
    expectThat(text === exact, `${exact}, got ${text}`);
    next++;
  }
  expectThat(next === last + 1, `${last} events, got ${next - 1}`);
}

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  try {
    return await action;
  } catch (error) {
    return error;
  }
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected ${what}`);
}
