/** Every attack, by name. */

import type { Attacks } from "./attack.ts";
import { bodyAttacks } from "./body-attacks.ts";
import { readAttacks } from "./read-attacks.ts";
import { rpcAttacks } from "./rpc-attacks.ts";

export const attacks: Attacks = { ...bodyAttacks, ...readAttacks, ...rpcAttacks };
