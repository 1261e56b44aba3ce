/** Path of Deno's binary. The command of the npm package is a script that forwards no signals. */

import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../node_modules/@deno", import.meta.url));

/** Throws if it is not installed; a missing development dependency is not a reason to skip. */
export function denoBinary(): string {
  for (const name of readdirSync(packages)) {
    const binary = `${packages}/${name}/deno`;
    if (existsSync(binary)) return binary;
  }
  throw new Error(`Cannot find deno under "${packages}": run bun install`);
}
