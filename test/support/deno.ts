/** Deno's own binary: the npm package's command is a script that passes no signals on. */

import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../node_modules/@deno", import.meta.url));

/** Throws where it is not installed: it is a development dependency, so that is no reason to skip. */
export function denoBinary(): string {
  for (const name of readdirSync(packages)) {
    const binary = `${packages}/${name}/deno`;
    if (existsSync(binary)) return binary;
  }
  throw new Error(`Cannot find deno under "${packages}": run bun install`);
}
