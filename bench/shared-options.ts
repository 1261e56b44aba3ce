/** The options that several benchmarks share. */

import { address, choice, wholeNumber } from "../src/cli/command/parameters.ts";
import { apiKeyOption as gatewayKeyOption, defaultUrl } from "../src/cli/gateway/options.ts";

/** A benchmark starts its own gateway, so SLUICE_URL does not apply: it would be loaded unasked. */
export const urlOption = address({
  doc: "a gateway that runs already",
  value: "URL",
  example: defaultUrl,
});

/** Of that gateway: the one that a benchmark starts is open. */
export const apiKeyOption = {
  ...gatewayKeyOption,
  doc: `${gatewayKeyOption.doc}; for a gateway that runs already`,
};

export const logOption = choice({
  doc: "log of the gateway that is started for the purpose; jetstream needs NATS_URL",
  default: "embedded",
  choices: ["embedded", "jetstream"],
});

export const pidOption = wholeNumber({
  doc: "process of a gateway that runs already: lets its CPU and memory be measured",
  value: "PID",
  min: 1,
  max: 2 ** 31,
});
