/** Certificates made by openssl, as an operator makes them. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisProcess } from "./cleaner.ts";

/** Paths of two PEM files. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export interface Leaf {
  readonly name: string;
  /** As openssl writes them: `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  readonly days?: number;
  readonly rsa?: boolean;
}

const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const localNames = "DNS:localhost,IP:127.0.0.1";

/** A private authority in a temporary folder, removed when this process ends. */
export class Authority {
  readonly folder: string;
  /** Path of the root certificate. */
  readonly ca: string;
  #serial = 0;

  constructor(name = "Sluice test root") {
    this.folder = mkdtempSync(join(tmpdir(), "sluice-certificates-"));
    afterThisProcess("rm -rf $1", [this.folder]);
    this.ca = this.path("ca.crt");
    const subject = ["-subj", `/CN=${name}`, "-days", "2"];
    openssl(
      "req",
      "-x509",
      ...curve,
      "-nodes",
      ...subject,
      "-keyout",
      this.path("ca.key"),
      "-out",
      this.ca,
    );
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A certificate and its key, in files that no other call uses. */
  issue({ name, names = localNames, days = 2, rsa = false }: Leaf): PemPair {
    const stem = this.path(`${++this.#serial}`);
    const pair = { cert: `${stem}.crt`, key: `${stem}.key` };
    const kind = rsa ? ["-newkey", "rsa:2048"] : curve;
    const extensions = ["-addext", `subjectAltName=${names}`];
    openssl(
      "req",
      ...kind,
      "-nodes",
      "-subj",
      `/CN=${name}`,
      ...extensions,
      "-keyout",
      pair.key,
      "-out",
      `${stem}.csr`,
    );
    const signing = ["-CA", this.ca, "-CAkey", this.path("ca.key"), "-copy_extensions", "copy"];
    openssl(
      "x509",
      "-req",
      "-in",
      `${stem}.csr`,
      ...signing,
      "-days",
      `${days}`,
      "-out",
      pair.cert,
    );
    return pair;
  }
}

/** Puts the files of `from` in the place of `to`, each by one rename, as certbot and Kubernetes do. */
export function replacePair(to: PemPair, from: PemPair): void {
  renameSync(from.cert, to.cert);
  renameSync(from.key, to.key);
}

export function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
