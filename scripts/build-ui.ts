// Bundles the scripts of pages into `dist/ui/`, for a gateway on a runtime without a bundler. Bun does
// not need this: there a script is bundled when its page is first requested.

import { join } from "node:path";
import { pages, writeModules } from "./build/files.ts";
import { root } from "./install.ts";

for (const page of pages) {
  for (const [name, bytes] of await writeModules(page, join(root, "dist/ui"))) {
    process.stdout.write(`dist/ui/${name} ${Math.ceil(bytes.byteLength / 1024)} KiB\n`);
  }
}
