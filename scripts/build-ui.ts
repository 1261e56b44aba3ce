// Bundles the scripts of pages into `dist/ui/`, for a gateway on a runtime without a bundler. Bun does
// not need this: there a script is bundled when its page is first requested.

import { join } from "node:path";
import { bundleForBrowsers } from "../src/runtime/bun.ts";
import { pages } from "./build/files.ts";
import { root } from "./install.ts";

for (const page of pages) {
  const script = await bundleForBrowsers(join(root, "src/ui", page, "main.tsx"));
  await Bun.write(join(root, "dist/ui", `${page}.js`), script);
  process.stdout.write(`dist/ui/${page}.js ${Math.ceil(script.byteLength / 1024)} KiB\n`);
}
