/** The host that a request names, and the hosts that a node answers for: the same on both listeners. */

import { BoundedMap } from "../core/budget/bounded-map.ts";
import { Failure, invalidField, quoted } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";

export interface Authority {
  /** As URLs have it: lower case, IPv6 in brackets; without a port and without a final dot. */
  readonly hostname: string;
  /** The same with its port, unless that is HTTP's own. */
  readonly host: string;
}

export interface HostRules {
  /** Hosts beyond those of the default: `gateway.example`, `*.gateway.example`, or `*` for all. */
  readonly names: readonly string[];
  /** Whether other machines reach this node, by its addresses and by names of their network. */
  readonly isReachable: boolean;
}

/**
 * Returns the host and port for the URL of a request whose header `Host` (or `:authority`) is given.
 * Throws `invalid` for what names no host, `forbidden` for a host that is not this node's.
 */
export type CheckHost = (given: string | null) => string;

/** Spellings that were accepted and need no second check. */
const acceptedMax = 64;

/** Browsers always name a host, so nothing is checked where none is named. Balancers may do so. */
const unnamed = "localhost";

/** A name or an address. Without a comma, by which a runtime joins several `Host` lines to one text. */
const authorityPattern = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+;=%-]+)(?::\d*)?$/i;

/** Undefined for what cannot be the authority of a URL. */
export function parseAuthority(text: string): Authority | undefined {
  const url = `http://${text}`;
  if (!authorityPattern.test(text) || !URL.canParse(url)) return undefined;
  const { hostname, host } = new URL(url);
  return { hostname: hostname.replace(/\.$/, ""), host };
}

/**
 * A page's name can be made to resolve to this node's address after the page was loaded ("DNS
 * rebinding"), and then its scripts have the rights of the node's own pages. So a node answers only
 * for hosts that no stranger can name a page by.
 */
export function createHostCheck(rules: HostRules, logger: Logger): CheckHost {
  const accepted = new BoundedMap<string, string>(acceptedMax);
  let isReported = false;
  return (given) => {
    if (given === null || given === "") return unnamed;
    const known = accepted.get(given);
    if (known !== undefined) return known;
    const authority = parseAuthority(given);
    if (authority === undefined) {
      throw invalidField(
        "host",
        `Cannot use Host ${quoted(given)}: expected one name or address, with an optional port`,
      );
    }
    if (!isAccepted(authority.hostname, rules)) {
      if (!isReported) {
        isReported = true;
        logger("warn", "host is refused; expected one of SLUICE_HOSTS", { host: given });
      }
      throw new Failure(
        "forbidden",
        `Cannot serve host ${quoted(given)}: expected ${describeRules(rules)}`,
      );
    }
    accepted.set(given, authority.host);
    return authority.host;
  };
}

function isAccepted(hostname: string, { names, isReachable }: HostRules): boolean {
  if (isLoopback(hostname)) return true;
  // Nobody can make a browser take an address for another one, nor register a name without a dot.
  if (isReachable && (isAddress(hostname) || !hostname.includes("."))) return true;
  return names.some(
    (name) =>
      name === "*" ||
      name === hostname ||
      (name.startsWith("*.") && hostname.endsWith(name.slice(1))),
  );
}

/** Browsers resolve `localhost` and all names below it without DNS. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(?:\.\d+){3}$/.test(hostname)
  );
}

/** In a URL, a name of digits and dots is an address. */
function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}

function describeRules({ isReachable }: HostRules): string {
  return isReachable
    ? "an address, a name without dots, or one of SLUICE_HOSTS"
    : "localhost, a loopback address, or one of SLUICE_HOSTS";
}
