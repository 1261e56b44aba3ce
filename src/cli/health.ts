/** `sluice health`: whether a gateway can serve, as health checks of containers query it. */

import { Failure } from "../core/failure.ts";
import { type Config, parseConfig } from "../gateway/config.ts";
import { command } from "./command/command.ts";
import { address } from "./command/parameters.ts";
import { defaultUrl } from "./gateway/options.ts";
import { failureFromProblem, reach } from "./gateway/request.ts";

const answerMs = 4000;

export const health = command({
  name: "health",
  summary: "say whether the gateway can serve, for health checks",
  description: `Queries /readyz of the gateway that has this environment's settings, or of --url. Exit code 0 and
"ready", or 1 and the reason. The image's HEALTHCHECK is this command.`,
  arguments: {},
  options: {
    url: address({
      doc: "address of another gateway",
      value: "URL",
      example: defaultUrl,
    }),
  },
  examples: [{ line: "sluice health --url localhost:9000", prints: ["ready"] }],
  async run(runtime, { url: given }) {
    const isLocal = given === undefined;
    const url = given ?? urlOf(parseConfig(runtime.environment));
    const response = await reach(url, "/readyz", {
      signal: AbortSignal.timeout(answerMs),
      // Of this machine: the certificate names its public address.
      ...(isLocal ? { tls: { rejectUnauthorized: false } } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw failureFromProblem(response, text);
    const { warning } = JSON.parse(text) as { readonly warning?: string };
    runtime.print(warning === undefined ? "ready\n" : `ready, but: ${warning}\n`);
  },
});

/** An address that stands for all of them is not one to connect to. */
function urlOf({ hostname, port, basePath, tls }: Config): string {
  if (port === 0) {
    throw new Failure(
      "invalid",
      "Cannot query the gateway: SLUICE_PORT is 0, expected its port or --url",
    );
  }
  const all = ["0.0.0.0", "::", "[::]", ""].includes(hostname);
  const host = all ? "127.0.0.1" : hostname;
  const scheme = tls === undefined ? "http" : "https";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${basePath}`;
}
