/** Client certificates as principals: TLS has verified them, and the settings say what they may do. */

import { Caller } from "../../core/access/caller.ts";
import { Grants, parseGrants } from "../../core/access/grant.ts";
import type { PeerCertificate } from "../../core/access/guard.ts";
import { BoundedMap } from "../../core/budget/bounded-map.ts";
import { invalidField, quoted } from "../../core/failure.ts";

/** Grants by a name of the certificate: `URI:spiffe://…`, `DNS:…`, or `SUBJECT:CN=…`. */
export type CertificateGrants = ReadonlyMap<string, Grants>;

const othersMax = 1000;
const namePattern = /^(?:URI|DNS|IP Address|email|SUBJECT):\S/;

/**
 * One certificate a line, or between semicolons: `URI:spiffe://prod/orders = append topic:orders.*`.
 * Lines that begin with `#` are comments. Throws `invalid`.
 */
export function parseCertificateGrants(text: string, field: string): CertificateGrants {
  const lines = text.split(/[\n;]/u).map((line) => line.trim());
  const entries = lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      // A subject has equals signs as well, and no spaces around them.
      const at = line.indexOf(" = ");
      const name = line.slice(0, at).trim();
      if (at < 0 || !namePattern.test(name)) {
        throw invalidField(
          field,
          `Cannot use ${quoted(line)}: expected a name such as URI:spiffe://prod/orders, DNS:orders.example or SUBJECT:CN=orders, and then " = " and its grants`,
        );
      }
      return [name, new Grants(parseGrants(line.slice(at + 3), field))] as const;
    });
  return new Map(entries);
}

export class Certificates {
  readonly #named: ReadonlyMap<string, Caller>;
  readonly #others = new BoundedMap<string, Caller>(othersMax);
  readonly #otherGrants: Grants;

  /** `otherGrants`: what those may do that no setting names. */
  constructor(grants: CertificateGrants, otherGrants = Grants.none) {
    this.#named = new Map(Array.from(grants, ([name, of]) => [name, callerFrom(name, of)]));
    this.#otherGrants = otherGrants;
  }

  /** By the first of its names that the settings have. */
  caller({ subject, names }: PeerCertificate): Caller {
    const all = [...names, `SUBJECT:${subject}`];
    for (const name of all) {
      const caller = this.#named.get(name);
      if (caller !== undefined) return caller;
    }
    const [name = subject] = all;
    let other = this.#others.get(name);
    if (other === undefined) {
      other = callerFrom(name, this.#otherGrants);
      this.#others.set(name, other);
    }
    return other;
  }
}

function callerFrom(name: string, grants: Grants): Caller {
  return new Caller({ kind: "certificate", id: `certificate:${name}`, name, grants });
}
