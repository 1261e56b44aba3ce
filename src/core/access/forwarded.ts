/**
 * Who calls, where proxies stand in between. What they add to a request is heeded from those alone that the
 * settings name: any client could send the same headers.
 */

export interface TrustedProxies {
  /** Whether this address is one of them. */
  has(address: string): boolean;
  /** An address without port and brackets; undefined for what is not one. */
  parse(text: string): string | undefined;
}

/** The headers of a request, by their lower-case names. */
export type HeaderOf = (name: string) => string | undefined;

export interface ForwardedClient {
  /** Of the last one in the chain that is not a trusted proxy. */
  readonly address: string;
  /** As the client used it; undefined where no proxy says so. */
  readonly scheme: "http" | "https" | undefined;
  /** Name and port that the client used; not checked. */
  readonly host: string | undefined;
}

/** A longer chain is nobody's: a client made it up. */
const hopsMax = 20;

/**
 * Undefined where the peer is not trusted: then the connection is all that is known. The chain is read from
 * its end, where each entry was added by the proxy behind it, up to the first address that is not trusted.
 * What stands before that was sent by somebody unknown, and is not heeded.
 */
export function forwardedClient(
  peer: string,
  header: HeaderOf,
  proxies: TrustedProxies,
): ForwardedClient | undefined {
  if (!proxies.has(peer)) return undefined;
  const standard = header("forwarded");
  if (standard !== undefined) return fromStandard(peer, standard, proxies);
  const [address, hops] = walk(peer, list(header("x-forwarded-for")), proxies);
  return {
    address,
    scheme: parseScheme(ofHop(list(header("x-forwarded-proto")), hops)),
    host: ofHop(list(header("x-forwarded-host")), hops),
  };
}

/** The `Forwarded` header of RFC 7239. */
function fromStandard(peer: string, text: string, proxies: TrustedProxies): ForwardedClient {
  const elements = splitOutsideQuotes(text, ",").map(parseElement);
  const [address, hops] = walk(
    peer,
    elements.map((element) => element.get("for") ?? ""),
    proxies,
  );
  const element = elements.at(-Math.max(hops, 1));
  return { address, scheme: parseScheme(element?.get("proto")), host: element?.get("host") };
}

/** The address, and how many entries led to it. */
function walk(
  peer: string,
  entries: readonly string[],
  proxies: TrustedProxies,
): readonly [address: string, hops: number] {
  let address = peer;
  let hops = 0;
  while (hops < Math.min(entries.length, hopsMax) && proxies.has(address)) {
    const next = proxies.parse(entries[entries.length - 1 - hops] ?? "");
    // `unknown`, or a name that hides the address: the proxy that wrote it is all that is known.
    if (next === undefined) break;
    address = next;
    hops++;
  }
  return [address, hops];
}

/** Proxies add an entry each, or set one for all. */
function ofHop(entries: readonly string[], hops: number): string | undefined {
  const value = entries[Math.max(0, entries.length - Math.max(hops, 1))];
  return value === "" ? undefined : value;
}

function parseScheme(text: string | undefined): "http" | "https" | undefined {
  const scheme = text?.toLowerCase();
  if (scheme === "https" || scheme === "wss") return "https";
  return scheme === "http" || scheme === "ws" ? "http" : undefined;
}

function list(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(",").map((entry) => entry.trim());
}

/** Pairs of one proxy: `for="[fd00::1]:443";proto=https`. */
function parseElement(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of splitOutsideQuotes(text, ";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const value = pair.slice(equals + 1).trim();
    const isQuoted = value.startsWith('"') && value.endsWith('"') && value.length > 1;
    const plain = isQuoted ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
    pairs.set(pair.slice(0, equals).trim().toLowerCase(), plain);
  }
  return pairs;
}

function splitOutsideQuotes(text: string, separator: "," | ";"): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && isQuoted) i++;
    else if (text[i] === '"') isQuoted = !isQuoted;
    else if (text[i] === separator && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
