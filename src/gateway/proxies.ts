/** `SLUICE_TRUSTED_PROXIES`: the networks whose proxies are believed. */

import { BlockList, isIP } from "node:net";
import { withoutWrap } from "../core/access/client-network.ts";
import type { TrustedProxies } from "../core/access/forwarded.ts";

export interface ProxyConfig {
  /** Networks whose proxies are believed. */
  readonly networks: readonly string[];
  /** Lower-case name of the header in which they pass on certificates that they have verified. */
  readonly certificateHeader: string | undefined;
}

/** Networks and addresses: `10.0.0.0/8`, `::1`. Throws an error that names the first that is neither. */
export function createTrustedProxies(networks: readonly string[]): TrustedProxies {
  const trusted = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === undefined) {
      throw new Error(`${text} is not a network, expected one like 10.0.0.0/8 or fd00::1`);
    }
    trusted.addSubnet(network.address, network.bits, familyOf(network.address));
  }
  return {
    has(address) {
      const plain = withoutWrap(address);
      return isIP(plain) !== 0 && trusted.check(plain, familyOf(plain));
    },
    parse: parseAddress,
  };
}

/** True for `10.0.0.0/8`, `10.0.0.1`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

function parseNetwork(text: string): { address: string; bits: number } | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  const bitsMax = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) === 0 || rest.length > 0) return undefined;
  if (bits === undefined) return { address, bits: bitsMax };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax
    ? { address, bits: Number(bits) }
    : undefined;
}

/** `203.0.113.9:5000`, `[2001:db8::7]:443`, and both without a port. */
function parseAddress(text: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|([^\]]*?))$/.exec(text.trim()) ?? [];
  const address = bracketed ?? plain ?? "";
  const withoutPort = isIP(address) === 0 ? address.replace(/:\d{1,5}$/, "") : address;
  return isIP(withoutPort) === 0 ? undefined : withoutWrap(withoutPort);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
