/** What this node shows other services, and whom it trusts: from files, checked before it connects. */

import { Failure } from "../../core/failure.ts";
import type { ClientTlsFiles, NatsLogin } from "../config-services.ts";
import { readSecret } from "../secret-source.ts";
import { parseCertificate, parseKey, readPem } from "./files.ts";

/** PEM. */
export interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Undefined where no file is set. Throws `invalid` for a file that cannot be used. */
export async function readClientTls({
  ca,
  cert,
  key,
}: ClientTlsFiles): Promise<ClientTls | undefined> {
  if (ca === undefined && cert === undefined) return undefined;
  const read: { ca?: string; cert?: string; key?: string } = {};
  if (ca !== undefined) {
    read.ca = await readPem(ca.setting, ca.path);
    parseCertificate(ca.setting, ca.path, read.ca);
  }
  if (cert !== undefined && key !== undefined) {
    read.cert = await readPem(cert.setting, cert.path);
    read.key = await readPem(key.setting, key.path);
    const certificate = parseCertificate(cert.setting, cert.path, read.cert);
    if (!certificate.checkPrivateKey(parseKey(key.setting, key.path, read.key))) {
      throw new Failure(
        "invalid",
        `Cannot use ${key.setting}=${key.path}: it is not the key of the certificate in ${cert.path}`,
      );
    }
  }
  return read;
}

/** As the client of NATS takes it. */
export type NatsCredentials =
  | { readonly user: string; readonly pass: string }
  | { readonly token: string }
  | { readonly nkeySeed: string }
  | { readonly creds: string };

export async function readNatsLogin(
  login: NatsLogin | undefined,
): Promise<NatsCredentials | undefined> {
  if (login === undefined) return undefined;
  if (login.kind === "password") {
    return { user: login.user, pass: await readSecret(login.password) };
  }
  if (login.kind === "token") return { token: await readSecret(login.token) };
  if (login.kind === "nkey") return { nkeySeed: await readSecret(login.seed) };
  return { creds: await readPem(login.file.setting, login.file.path) };
}
