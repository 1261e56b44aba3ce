// The attack suite: `bun run attack [words…] [--seconds 8] [--clients 4] [--together]`.
//
//   bun run attack               every attack, one after the other
//   bun run attack ws            those whose name contains "ws"
//   bun run attack --together    all of them at once, for two minutes
//
// It prints one line an attack, and ends with 1 if a bound was passed: `GET /livez` p99 50 ms and max
// 250 ms, delivery p99 100 ms, the configured memory and 30 %, ownership, and recovery within 10 s. It
// needs a quiet machine: attackers, witness, gateway and PostgreSQL share its cores.

import { parseArgs } from "node:util";
import { attacks } from "../test/attack/all.ts";
import { besiege, type Bounds, faultsOf, prepare } from "../test/attack/siege.ts";
import { startGateway } from "../test/support/gateway.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    clients: { type: "string", default: "4" },
    together: { type: "boolean", default: false },
    memory: { type: "string", default: "1024" },
  },
});
const names = Object.keys(attacks).filter(
  (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
const memoryMega = Number(values.memory);
const seconds = Number(values.seconds ?? (values.together ? 120 : 8));
const options = { seconds, clients: Number(values.clients) };
const bounds: Bounds = { livezP99Ms: 50, livezMaxMs: 250, deliveryP99Ms: 100, memoryMega };
const gateway = await startGateway({
  env: { SLUICE_MEMORY_BYTES: String(memoryMega * 1024 * 1024) },
});
await prepare(gateway);
let passed = 0;
let broken = 0;
for (const group of values.together ? [names] : names.map((name) => [name])) {
  const siege = await besiege(gateway, group, options);
  const faults = faultsOf(siege, bounds);
  if (faults.length === 0) passed++;
  else broken++;
  const { livez, delivery, peakMega } = siege.testimony;
  console.log(
    `${faults.length === 0 ? "ok  " : "FAIL"} ${group.length === 1 ? group[0] : `${group.length} attacks together`}: livez ${livez.p99}/${livez.max} ms, delivery ${delivery.p99} ms, ${peakMega} MB${faults.map((fault) => `\n       ${fault}`).join("")}`,
  );
}
console.log(`${passed} held, ${broken} did not`);
await gateway.stop();
process.exit(broken === 0 ? 0 : 1);
