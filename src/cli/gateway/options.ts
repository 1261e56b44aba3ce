/** The options of every command that talks to a gateway. */

import { address, flag } from "../command/parameters.ts";

export const defaultUrl = "http://localhost:9000";

const url = address({
  doc: "address of the gateway, http://host:port or host:port",
  value: "URL",
  default: defaultUrl,
  environment: "SLUICE_URL",
  example: defaultUrl,
});

export const gatewayOptions = { url };

export const grpcOption = address({
  doc: "gRPC address; by default the host of --url with the port that the gateway reports",
  value: "ADDRESS",
  environment: "SLUICE_GRPC_URL",
  example: "localhost:4025",
});

export const jsonOption = flag("print one JSON object a line instead of text");
