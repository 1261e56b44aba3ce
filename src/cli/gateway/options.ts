/** The options of every command that talks to a gateway. */

import { address, flag, type Parameter, text } from "../command/parameters.ts";
import { Gateway } from "./gateway.ts";

export const defaultUrl = "http://localhost:9000";

const urlOption = address({
  doc: "address of the gateway, http://host:port or host:port",
  value: "URL",
  default: defaultUrl,
  environment: "SLUICE_URL",
  example: defaultUrl,
});

/** Its value has the key of the other option as well. */
const url: Parameter<Gateway> = {
  ...urlOption,
  parse: (texts, label) => new Gateway(urlOption.parse(texts, label)),
  complete: (gateway, { apiKey }) =>
    gateway.withKey(typeof apiKey === "string" ? apiKey : undefined),
};

/** `--key` is the key of records. */
export const apiKeyOption = text({
  doc: "API key or token; others on the machine can see arguments, but not SLUICE_KEY",
  value: "KEY",
  environment: "SLUICE_KEY",
});

export const gatewayOptions = { url, "api-key": apiKeyOption };

export const grpcOption = address({
  doc: "gRPC address; by default the host of --url with the port that the gateway reports",
  value: "ADDRESS",
  environment: "SLUICE_GRPC_URL",
  example: "localhost:4025",
});

export const jsonOption = flag("print one JSON object a line instead of text");
