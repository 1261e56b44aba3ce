/** Options of a JetStream log: each default and limit with its reason. */

import type { Clock } from "../../core/clock.ts";
import type { Failure } from "../../core/failure.ts";
import { invalidField } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";

export interface JetstreamLogOptions {
  /** `nats://[user[:password]@]host[:port]`, or `tls://…`; several servers separated by commas. A user without a password is a token. */
  readonly url: string;
  /** PEM: whom to trust, and what to show. With it, or with a `tls://` server, TLS is demanded. */
  readonly tls?: ClientTls | undefined;
  /** Instead of what the URL says. */
  readonly login?: JetstreamLogin | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Number of copies of each topic that this node creates: 1, 3 or 5; 1 unless given. */
  readonly replicas?: number;
  /** Name in the server's list of connections. */
  readonly name?: string;
  /** Bounds of what is published and not yet acknowledged; past them appends are `overloaded`. */
  readonly inFlightBytesMax?: number;
  readonly inFlightEntriesMax?: number;
  /** False reads stored entries by a consumer, for servers before 2.11; by the server's version unless given. */
  readonly batchGet?: boolean;
}

interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export type JetstreamLogin =
  | { readonly user: string; readonly pass: string }
  | { readonly token: string }
  | { readonly nkeySeed: string }
  /** The content of a credentials file: a JWT and its seed. */
  | { readonly creds: string };

export interface JetstreamSettings {
  readonly servers: string[];
  readonly login: JetstreamLogin | undefined;
  /** Undefined: TLS where the server offers it. */
  readonly tls: ClientTls | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicas: number;
  readonly name: string;
  readonly inFlightBytesMax: number;
  readonly inFlightEntriesMax: number;
  readonly batchGet: boolean | undefined;
}

/** Completes and checks the options. Throws `invalid`. */
export function parseJetstreamOptions(options: JetstreamLogOptions): JetstreamSettings {
  const { clock, logger, replicas = 1, name = "sluice", batchGet } = options;
  // JetStream's limit is 5. An even number adds a server that can fail, but tolerates no more failures.
  if (![1, 3, 5].includes(replicas)) throw wrongOption("replicas", `${replicas}`, "1, 3 or 5");
  const urls = options.url.split(",").map((part) => parseServer(part.trim()));
  const login = options.login ?? urls.map(loginOf).find((each) => each !== undefined);
  const isSecure = urls.some(({ protocol }) => protocol === "tls:");
  return {
    servers: urls.map((url) => `${url.protocol}//${url.host}`),
    login,
    tls: options.tls ?? (isSecure ? {} : undefined),
    clock,
    logger,
    replicas,
    name,
    // Enough to fill a fast link for 8 s of a slow disk, small beside a gateway's other memory.
    inFlightBytesMax: options.inFlightBytesMax ?? 64 * 1024 ** 2,
    inFlightEntriesMax: options.inFlightEntriesMax ?? 32_768,
    batchGet,
  };
}

function parseServer(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `nats://${text}`);
  if (url === null || !["nats:", "tls:"].includes(url.protocol) || url.hostname === "") {
    // Not quoted: the text may contain a password.
    throw wrongOption(
      "url",
      "",
      "nats://host:port or tls://host:port, several separated by commas",
    );
  }
  return url;
}

function loginOf(url: URL): JetstreamLogin | undefined {
  const user = decodeURIComponent(url.username);
  if (user === "") return undefined;
  return url.password === "" ? { token: user } : { user, pass: decodeURIComponent(url.password) };
}

function wrongOption(field: string, given: string, wanted: string): Failure {
  const message = `Cannot use the JetStream log's ${field}${given === "" ? "" : ` ${given}`}: expected ${wanted}`;
  return invalidField(field, message);
}
