/**
 * Subscribers whose connections are cut at random get every event once and in order, also while gateway,
 * nats-server and PostgreSQL are killed in turn. SLUICE_TEST_CUT_EVENTS and SLUICE_TEST_KILL_ROUNDS make
 * a run longer; SLUICE_TEST_SEED repeats one.
 */

import { describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { postmasterOf } from "../../support/postmaster.ts";
import { seededRandom } from "../../support/random.ts";
import { pause, until, within } from "../../support/until.ts";
import {
  conclude,
  type Course,
  Ledger,
  produce,
  readPages,
  readSse,
  readWs,
} from "../client/resuming.ts";

const eventsMin = Number(process.env["SLUICE_TEST_CUT_EVENTS"] ?? 50_000);
const rounds = Number(process.env["SLUICE_TEST_KILL_ROUNDS"] ?? 2);
const seed = Number(process.env["SLUICE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const cutsMin = 200;
const aheadMax = 5000;
const timeoutMs = 90_000 + (eventsMin / 50_000) * 30_000 + rounds * 30_000;
const skipReason = natsSkipReason();

interface Rig {
  gateway: GatewayProcess;
  readonly nats: NatsServer | undefined;
  readonly start: (dataDir?: string) => Promise<GatewayProcess>;
}

drivers("the embedded default", async () => undefined);
if (skipReason === undefined) drivers("JetStream", () => startNats());
else describe("cuts on JetStream", () => test.skip(skipReason, () => {}));

function drivers(name: string, startBroker: () => Promise<NatsServer | undefined>): void {
  describe(`cuts on ${name}`, () => {
    test(
      `${cutsMin} at random during ${eventsMin} events`,
      () => onRig(startBroker, (rig) => run(rig, [])),
      timeoutMs,
    );

    test(
      "and every process is killed in turn",
      async () => {
        await onRig(startBroker, (rig) => {
          const victims =
            rig.nats === undefined
              ? [killGateway, killPostgres]
              : [killGateway, killNats, killPostgres];
          return run(rig, Array.from({ length: rounds }, () => victims).flat());
        });
      },
      timeoutMs,
    );
  });
}

async function onRig(
  startBroker: () => Promise<NatsServer | undefined>,
  use: (rig: Rig) => Promise<void>,
): Promise<void> {
  const nats = await startBroker();
  const env = nats === undefined ? {} : { NATS_URL: nats.url };
  const start = (dataDir?: string) =>
    startGateway({ env, ...(dataDir === undefined ? {} : { dataDir }) });
  const rig: Rig = { gateway: await start(), nats, start };
  try {
    await use(rig);
  } finally {
    await rig.gateway.stop();
    await nats?.stop();
  }
}

type Kill = (rig: Rig, course: Course) => Promise<void>;

/** Three subscribers and three producers, while servers are killed now and then. */
async function run(rig: Rig, kills: readonly Kill[]): Promise<void> {
  const course: Course = { url: rig.gateway.url, topic: `cuts-${seed}`, total: undefined };
  await ask("PUT", `${course.url}/v1/topics/${course.topic}`);
  const random = seededRandom(seed);
  const ledgers = [new Ledger("SSE"), new Ledger("WebSocket"), new Ledger("page")];
  const [sse, ws, page] = ledgers as [Ledger, Ledger, Ledger];
  const mean = eventsMin / (1.5 * cutsMin);
  const readers = Promise.all([
    readSse(course, sse, random, mean),
    readWs(course, ws, random, mean),
    readPages(course, page, random, mean / 2),
  ]);

  let acknowledged = 0;
  let killing = true;
  const failed = () => ledgers.some(({ problems }) => problems.length > 0);
  const producers = Promise.all(
    [1, 2, 3].map((p) =>
      produce(course, p, random, {
        gapMs: 10,
        // Subscribers may not fall far behind: the speed of replay is not tested here.
        wait: () =>
          !failed() && ledgers.some(({ order }) => order.length < acknowledged - aheadMax),
        enough: () => failed() || (!killing && acknowledged >= eventsMin),
        acknowledged: (events) => (acknowledged += events),
      }),
    ),
  );
  try {
    for (const kill of kills) {
      await pause(500 + random.int(1000));
      await kill(rig, course);
      const before = acknowledged;
      const flows = () =>
        acknowledged > before && ledgers.every(({ order }) => order.length > before);
      await until(
        `events to flow again after ${kill.name}`,
        30_000,
        () => failed() || flows(),
      ).catch((error: Error) => {
        const got = ledgers.map(({ name, order }) => `${name} ${order.length}`).join(", ");
        const log = rig.gateway.log().slice(-2000);
        throw new Error(
          `${error.message}: ${acknowledged} acknowledged, ${before} before; got ${got}; seed ${seed}\n${log}`,
        );
      });
    }
  } finally {
    killing = false;
  }
  const produced = await producers;
  await conclude(
    course,
    produced.reduce((sum, count) => sum + count, 0),
  );
  await within("the readers to have everything", 30_000, readers);

  // The log holds exactly the acknowledged events, and each subscriber got the same.
  const { total = 0 } = course;
  const log = new Ledger("log");
  await readPages(course, log, { int: () => 500, chance: () => false }, 1000);
  for (const ledger of [...ledgers, log]) {
    const { name, problems, order } = ledger;
    expect({ seed, name, problems, events: order.length }).toEqual({
      seed,
      name,
      problems: [],
      events: total,
    });
    expect({ seed, name, sameOrder: order.join() === log.order.join() }).toEqual({
      seed,
      name,
      sameOrder: true,
    });
  }
  for (const { name, cuts } of ledgers) {
    expect([name, Math.min(cuts, cutsMin)]).toEqual([name, cutsMin]);
  }
}

async function killGateway(rig: Rig, course: Course): Promise<void> {
  const { dataDir } = rig.gateway;
  await rig.gateway.kill9();
  rig.gateway = await rig.start(dataDir);
  course.url = rig.gateway.url;
}

/** The gateway restarts its embedded PostgreSQL on its own. */
async function killPostgres({ gateway }: Rig): Promise<void> {
  const killed = await postmasterOf(gateway.dataDir);
  process.kill(killed, "SIGKILL");
  await until("PostgreSQL to be started again", 20_000, async () => {
    const pid = await postmasterOf(gateway.dataDir).catch(() => killed);
    return pid !== killed;
  });
}

async function killNats({ nats }: Rig): Promise<void> {
  await nats?.kill9();
  await pause(300);
  await nats?.start();
}
