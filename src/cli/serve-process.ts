/** One process of several, which `sluice serve` starts where SLUICE_PROCESSES says so. */

import { command } from "./command/command.ts";

export const serveProcess = command({
  name: "serve-process",
  summary: "one process of several, started by sluice serve",
  isInternal: true,
  arguments: {},
  options: {},
  examples: [],
  async run(runtime) {
    const { serveAsProcess } = await import("./serve-as-process.ts");
    await serveAsProcess(runtime);
  },
});
