// Acknowledged events are counted once, also when the gateway, the database or the broker is killed.

import { expect, test } from "bun:test";
import { compareTexts } from "../../../src/features/lifecycle/lifecycle.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask, post } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { testPostgres } from "../../support/postgres.ts";
import { expectProblem } from "../../support/problems.ts";
import { seededRandom } from "../../support/random.ts";
import { pause, until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

const stages = ["CREATED", "STORED", "QUEUED", "SENT", "READ"];
const startMs = 1_795_000_000_000;
/** Ten events an id. A million take some minutes. */
const eventsMin = Number(process.env["SLUICE_TEST_EVENTS"] ?? 20_000);

interface Given {
  readonly app_id: string;
  readonly message_id: string;
  readonly event: string;
  readonly created_at: string;
}

/** In random order, some of them twice. */
function givenEvents(seed: number, count: number, ids: number): Given[] {
  const random = seededRandom(seed);
  const events: Given[] = [];
  while (events.length < count) {
    const id = random.int(ids);
    const event = {
      app_id: `app-${id % 2}`,
      message_id: `m-${id}`,
      event: stages[random.int(stages.length)] ?? "",
      created_at: new Date(startMs + random.int(100_000)).toISOString(),
    };
    events.push(event);
    if (random.chance(0.05)) events.splice(random.int(events.length), 0, event);
  }
  return events;
}

function bruteForce(events: readonly Given[]) {
  return [...Map.groupBy(events, ({ message_id }) => message_id)]
    .map(([message_id, of]) => ({
      message_id,
      events: [...Map.groupBy(of, ({ event }) => event)]
        .map(([event, same]) => {
          const times = same.map(({ created_at }) => created_at).toSorted();
          return { event, first_at: times[0], last_at: times.at(-1), count: same.length };
        })
        .toSorted((a, b) => compareTexts(a.event, b.event)),
    }))
    .toSorted((a, b) => compareTexts(a.message_id, b.message_id));
}

interface Summary {
  readonly event: string;
  readonly received_first_at: string;
  readonly received_last_at: string;
}

/** Without the times of receipt, which the events do not say: they lie between `sinceMs` and now. */
async function allLifecycles(url: string, sinceMs: number) {
  const found: { message_id: string; events: Summary[] }[] = [];
  for (let after = ""; ;) {
    const { json } = await ask("GET", `${url}/v1/messages?limit=1000${after}`);
    found.push(...json.lifecycles);
    if (json.next === null) break;
    after = `&after=${json.next}`;
  }
  return found
    .map(({ message_id, events }) => ({
      message_id,
      events: events
        .map(({ received_first_at: first, received_last_at: last, ...said }) => {
          const times = [sinceMs, Date.parse(first), Date.parse(last), Date.now()];
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          return said;
        })
        .toSorted((a, b) => compareTexts(a.event, b.event)),
    }))
    .toSorted((a, b) => compareTexts(a.message_id, b.message_id));
}

async function projected(url: string): Promise<void> {
  await until("all events are rows", 30_000 + eventsMin / 10, async () => {
    const { json } = await ask("GET", `${url}/api/q/stats`);
    return json?.event_collector_queue === 0 && json?.event_store_queue === 0;
  });
}

test(
  "after three kill -9 of the gateway the rows match an independent count",
  async () => {
    await using database = await (await testPostgres()).createDatabase();
    const env = { DATABASE_URL: database.url, SLUICE_GUESTS: "0" };
    const seed = 1121;
    const sinceMs = Date.now();
    const events = givenEvents(seed, eventsMin, eventsMin / 10);
    let gateway: GatewayProcess = await startGateway({ env });
    let starting: Promise<unknown> = Promise.resolve();
    let sent = 0;
    const killAt = [0.2, 0.5, 0.8].map((part) => Math.floor(events.length * part));

    /** Retries until it is acknowledged; the key makes a duplicate harmless. */
    const send = async (from: number, batch: readonly Given[]): Promise<void> => {
      for (;;) {
        const headers = { "idempotency-key": `bulk-${from}` };
        const answer: Answer | undefined = await post(
          `${gateway.url}/api/event/bulk`,
          { events: batch },
          headers,
        ).catch(() => undefined);
        if (answer?.status === 200) return;
        await starting;
        await pause(20);
      }
    };
    const worker = async () => {
      while (sent < events.length) {
        const from = sent;
        sent += 100;
        await send(from, events.slice(from, from + 100));
        if (from < (killAt[0] ?? Number.POSITIVE_INFINITY)) continue;
        killAt.shift();
        starting = gateway.kill9().then(async () => {
          gateway = await startGateway({ env });
        });
        await starting;
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(killAt).toEqual([]);
    await projected(gateway.url);
    expect({ seed, rows: await allLifecycles(gateway.url, sinceMs) }).toEqual({
      seed,
      rows: bruteForce(events),
    });
    const ws = await openWs(`${gateway.wsUrl}/ws/apps/app-0/messages`);
    const { position } = await ws.nextThat(({ op }) => op === "subscribed");
    expect(await gateway.stop()).toBe(0);
    expect(await ws.nextThat(({ op }) => op === "closed")).toMatchObject({
      position,
      problem: { code: "shutting_down" },
    });
    expect((await ws.closed).code).toBe(1001);
  },
  90_000 + eventsMin,
);

const nats = natsSkipReason() === undefined ? test : test.skip;

nats(
  "while the database is down events are accepted and kept; while the broker is down they are refused",
  async () => {
    const server = await testPostgres();
    await using database = await server.createDatabase();
    const broker = await startNats();
    const env = { DATABASE_URL: database.url, NATS_URL: broker.url, SLUICE_GUESTS: "0" };
    const gateway = await startGateway({ env });
    const take = (id: string, event: string) =>
      post(`${gateway.url}/api/event`, { app_id: "a", message_id: id, event });
    const first = await take("m", "BEFORE");
    expect(first.status).toBe(200);
    await projected(gateway.url);

    await server.kill9();
    for (let i = 0; i < 50; i++) expect((await take(`m-${i}`, "MEANWHILE")).status).toBe(200);
    expectProblem(await ask("GET", `${gateway.url}/v1/messages/m`), "503 unavailable");
    expectProblem(await ask("GET", `${gateway.url}/v1/messages`), "503 unavailable");
    await pause(1000);
    await server.start();
    await until("the store is back", 20_000, async () => {
      return (await ask("GET", `${gateway.url}/v1/messages/m`)).status === 200;
    });
    await projected(gateway.url);
    expect((await allLifecycles(gateway.url, 0)).length).toBe(51);

    await broker.kill9();
    const refused = await take("m", "LOST");
    expectProblem(refused, "503 unavailable");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await broker.start();
    await until(
      "the broker is back",
      20_000,
      async () => (await take("m", "AFTER")).status === 200,
    );
    await projected(gateway.url);
    const { json } = await ask("GET", `${gateway.url}/v1/messages/m`);
    const names = json.lifecycles[0].events.map((one: { event: string }) => one.event);
    expect(names).toContain("BEFORE");
    expect(names).toContain("AFTER");
    expect(await gateway.stop()).toBe(0);
    await broker.stop();
  },
  90_000,
);
