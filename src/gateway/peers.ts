/** Who calls: by the connection, and by what trusted proxies say. */

import type { PeerDeps } from "../http/credentials/peer.ts";
import type { Server } from "../runtime/runtime.ts";
import type { Config } from "./config.ts";
import { createTrustedProxies } from "./proxies.ts";

export function createPeers(
  { proxies: { networks, certificateHeader }, tls }: Pick<Config, "proxies" | "tls">,
  server: Pick<Server, "peerOf">,
): PeerDeps {
  return {
    addressOf: (request) => server.peerOf(request)?.address,
    proxies: networks.length === 0 ? undefined : createTrustedProxies(networks),
    certificateHeader,
    certificateOf:
      tls?.clientCa === undefined ? undefined : (request) => server.peerOf(request)?.certificate,
  };
}
