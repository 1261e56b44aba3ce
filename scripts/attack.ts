// The attack suite: `bun run attack [words…] [--seconds 8] [--clients 4] [--together]`.
//
//   bun run attack               every attack, one after the other
//   bun run attack ws            those whose name contains "ws"
//   bun run attack --together    twenty of them at once, for two minutes, beside 1,000 subscribers and
//                                5,000 records a second
//
// It prints one line an attack, and ends with 1 if a bound was passed. One at a time: `GET /livez` p99
// 50 ms and max 250 ms, delivery p99 100 ms, the configured memory and 30 %, ownership, and recovery
// within 10 s. Together: nothing that was acknowledged is lost, nothing is delivered twice, and no
// well-behaved request fails that heeds `Retry-After`. It needs a quiet machine: attackers, witness,
// gateway and PostgreSQL share its cores.

import { parseArgs } from "node:util";
import { attacks } from "../test/attack/all.ts";
import {
  anyTime,
  besiege,
  type Bounds,
  caughtUp,
  faultsOf,
  prepare,
  type Siege,
  spread,
} from "../test/attack/siege.ts";
import { startGateway } from "../test/support/gateway.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    clients: { type: "string" },
    together: { type: "boolean", default: false },
    attackers: { type: "string", default: "20" },
    subscribers: { type: "string", default: "1000" },
    records: { type: "string", default: "5000" },
    memory: { type: "string", default: "1024" },
  },
});
const names = Object.keys(attacks).filter(
  (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
const memoryMega = Number(values.memory);
const gateway = await startGateway({
  env: { SLUICE_MEMORY_BYTES: String(memoryMega * 1024 * 1024) },
});
await prepare(gateway);
const isGood = values.together ? await together() : await oneByOne();
await gateway.stop();
process.exit(isGood ? 0 : 1);

async function oneByOne(): Promise<boolean> {
  const bounds: Bounds = { livezP99Ms: 50, livezMaxMs: 250, deliveryP99Ms: 100, memoryMega };
  const seconds = Number(values.seconds ?? 8);
  const clients = Number(values.clients ?? 4);
  let broken = 0;
  for (const name of names) {
    const siege = await besiege(gateway, [name], { seconds, clients });
    if (!say(name, siege, bounds)) broken++;
    const lateSeconds = await caughtUp(gateway);
    if (lateSeconds > 1) console.log(`     its last rows were stored ${lateSeconds} s later`);
  }
  console.log(`${names.length - broken} held, ${broken} did not`);
  return broken === 0;
}

async function together(): Promise<boolean> {
  const chosen = spread(names, Number(values.attackers));
  const bounds: Bounds = { ...anyTime, memoryMega };
  const siege = await besiege(gateway, chosen, {
    seconds: Number(values.seconds ?? 120),
    clients: Number(values.clients ?? 1),
    crowd: { subscribers: Number(values.subscribers), recordsPerSecond: Number(values.records) },
  });
  const held = say(`${chosen.length} attacks together`, siege, bounds);
  console.log(`the crowd: ${JSON.stringify(siege.crowd)}`);
  return held;
}

function say(name: string, siege: Siege, bounds: Bounds): boolean {
  const faults = faultsOf(siege, bounds);
  const { livez, delivery, peakMega } = siege.testimony;
  const isGood = faults.length === 0;
  console.log(
    `${isGood ? "ok  " : "FAIL"} ${name}: livez ${livez.p99}/${livez.max} ms, delivery ${delivery.p99} ms, ${peakMega} MB${faults.map((fault) => `\n       ${fault}`).join("")}`,
  );
  return isGood;
}
