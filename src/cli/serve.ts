/** `sluice serve`: the gateway. */

import { command } from "./command/command.ts";
import { text } from "./command/parameters.ts";

export const settingsHint =
  "Settings of the gateway are environment variables, as in SLUICE_PORT=9300 sluice serve.";

export const serve = command({
  name: "serve",
  summary: "run the gateway",
  description: `Runs until SIGTERM or SIGINT, and drains then. Settings are environment variables, as in
SLUICE_PORT=9300 sluice serve; docs/settings.md lists them. With none of them PostgreSQL is embedded
under ./data and the gateway listens on 127.0.0.1:9000. \`sluice\` without a command serves as well.`,
  hint: settingsHint,
  arguments: {},
  options: {
    processes: text({
      doc: "gateways on the same ports, each a process: a number, or auto for one for each processor",
      value: "N",
      environment: "SLUICE_PROCESSES",
    }),
  },
  examples: [
    { line: "sluice serve", notRun: "it would listen on the default port" },
    {
      line: "SLUICE_PORT=9300 SLUICE_DATA_DIR=/var/lib/sluice sluice serve",
      notRun: "it would listen on a fixed port",
    },
  ],
  async run(runtime, { processes }) {
    const { serveGateway } = await import("./serve-gateway.ts");
    await serveGateway(runtime, processes === undefined ? {} : { SLUICE_PROCESSES: processes });
  },
});
