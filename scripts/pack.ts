// Makes the npm packages as tarballs: `dist/npm/sluice-gateway.tgz` and `dist/npm/sluice-client.tgz`.
//
//   bun run pack
//   bun run pack --out DIR     DIR instead of dist/npm

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildFacts } from "./build/commit.ts";
import { pack, writeClientPackage, writeGatewayPackage } from "./build/npm.ts";
import { ensureInstalled, root } from "./install.ts";

try {
  const options = { out: { type: "string", default: join(root, "dist/npm") } } as const;
  const out = resolve(parseArgs({ options }).values.out);
  // Types are made by the compiler, which only the checks need otherwise.
  await ensureInstalled("full");
  mkdirSync(out, { recursive: true });
  const [gateway, client] = [join(out, "gateway"), join(out, "client")];
  await writeGatewayPackage(gateway, await buildFacts());
  await writeClientPackage(client);
  for (const folder of [gateway, client]) process.stdout.write(`${await pack(folder, out)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
