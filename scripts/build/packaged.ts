// The entry of the npm package, which `bin/sluice.mjs` starts: as `scripts/start.ts`, with nothing to install.

import { watchLauncher } from "../launcher.ts";

watchLauncher(() => process.kill(process.pid, "SIGTERM"));
await import("../../src/main.ts");
