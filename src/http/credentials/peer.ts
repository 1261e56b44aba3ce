/** Who is at the other end of a request, also where trusted proxies stand in between. */

import {
  type ForwardedClient,
  forwardedClient,
  type TrustedProxies,
} from "../../core/access/forwarded.ts";
import type { Credentials } from "../../core/access/guard.ts";
import { certificateFromHeader } from "../../core/tls/peer.ts";

/** What the connection shows, which no request can claim. */
export type Peer = Pick<Credentials, "certificate" | "address">;

export interface PeerDeps {
  /** Address of the connection; undefined where it has ended. */
  readonly addressOf: (request: Request) => string | undefined;
  /** Certificate of the connection; left out where the listener requests none. */
  readonly certificateOf?: ((request: Request) => Peer["certificate"]) | undefined;
  /** Undefined: no proxy is believed. */
  readonly proxies: TrustedProxies | undefined;
  /** Header in which those proxies pass on certificates that they have verified. */
  readonly certificateHeader: string | undefined;
}

const clients = new WeakMap<Request, ForwardedClient>();

/** Reads what trusted proxies say, once, before anything else looks at the request. */
export function heedProxies(
  request: Request,
  { addressOf, proxies }: PeerDeps,
): ForwardedClient | undefined {
  if (proxies === undefined) return undefined;
  const { headers } = request;
  const header = (name: string) => headers.get(name) ?? undefined;
  const client = forwardedClient(addressOf(request) ?? "", header, proxies);
  if (client !== undefined) clients.set(request, client);
  return client;
}

/** The address is looked up when it is needed: nearly no request needs it. */
export function peerOf(request: Request, deps: PeerDeps): Peer {
  const address = () => clients.get(request)?.address ?? deps.addressOf(request);
  const certificate = deps.certificateOf?.(request) ?? passedOn(request, deps);
  return certificate === undefined ? { address } : { address, certificate };
}

/** Name and port that the client used. */
export function hostOf(request: Request): string | null {
  return clients.get(request)?.host ?? request.headers.get("host");
}

/** Throws `invalid` for a header that contains something else. */
function passedOn(
  request: Request,
  { addressOf, proxies, certificateHeader }: PeerDeps,
): Peer["certificate"] {
  if (certificateHeader === undefined || proxies === undefined) return undefined;
  const text = request.headers.get(certificateHeader);
  if (text === null || !proxies.has(addressOf(request) ?? "")) return undefined;
  return certificateFromHeader(certificateHeader, text);
}
