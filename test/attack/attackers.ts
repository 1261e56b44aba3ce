/**
 * The process that attacks: `attackers.ts <url> <grpcUrl> <clients> <name>…` starts so many clients of
 * each attack, until it is killed. It is a separate process, because an attack is a busy one, and the
 * witness must not wait for it.
 */

import { attacks } from "./all.ts";
import { type AttackClient, rest } from "./attack.ts";

const [url = "", grpcUrl = "", clients = "1", ...names] = process.argv.slice(2);
const over = new AbortController();

async function run(attack: AttackClient, index: number): Promise<void> {
  while (!over.signal.aborted) {
    await attack({ url, grpcUrl }, over.signal, index).catch(() => {});
    await rest(1, over.signal);
  }
}

for (const name of names) {
  const attack = attacks[name];
  if (attack === undefined) throw new Error(`There is no attack "${name}"`);
  for (let i = 0; i < Number(clients); i++) void run(attack, i);
}
