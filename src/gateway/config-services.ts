/** The settings of TLS and credentials towards PostgreSQL and NATS. */

import { fileParameters, sslModeOf, sslModes } from "../postgres/tls.ts";
import type { SecretSource } from "./secret-source.ts";
import type { Settings } from "./settings.ts";

/** A PEM file, and the setting that names it. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
}

export interface ClientTlsFiles {
  readonly ca: NamedFile | undefined;
  readonly cert: NamedFile | undefined;
  readonly key: NamedFile | undefined;
}

/** How this node shows NATS who it is; undefined: as the URL says, or not at all. */
export type NatsLogin =
  | { readonly kind: "password"; readonly user: string; readonly password: SecretSource }
  | { readonly kind: "token"; readonly token: SecretSource }
  | { readonly kind: "nkey"; readonly seed: SecretSource }
  | { readonly kind: "creds"; readonly file: NamedFile };

export function parseDatabaseTls(read: Settings, url: string | undefined): ClientTlsFiles {
  const files = clientTls(read, "DATABASE_CA", "DATABASE_CERT", "DATABASE_KEY");
  if (url === undefined) {
    for (const file of [files.ca, files.cert]) {
      if (file !== undefined) read.problem(`${file.setting} is set without DATABASE_URL`);
    }
    return files;
  }
  if (!URL.canParse(url)) return files;
  const { searchParams } = new URL(url);
  for (const name of fileParameters.filter((one) => searchParams.has(one))) {
    read.problem(
      `DATABASE_URL: ${name} is not read from it, expected DATABASE_CA, DATABASE_CERT and DATABASE_KEY`,
    );
  }
  const mode = searchParams.get("sslmode") ?? searchParams.get("ssl");
  if (mode !== null && sslModeOf(url) === undefined) {
    read.problem(`DATABASE_URL: sslmode=${mode}: expected ${sslModes.join(", ")}`);
  }
  const isOff = mode === "disable" && (files.ca ?? files.cert) !== undefined;
  if (isOff) {
    read.problem("DATABASE_URL: sslmode=disable has no use for DATABASE_CA or DATABASE_CERT");
  }
  return files;
}

export function parseNatsTls(read: Settings): ClientTlsFiles {
  return clientTls(read, "NATS_CA", "NATS_CERT", "NATS_KEY");
}

export function parseNatsLogin(read: Settings): NatsLogin | undefined {
  const user = read.optional("NATS_USER");
  const password = read.secret("NATS_PASSWORD", "NATS_PASSWORD_FILE", 1);
  const token = read.secret("NATS_TOKEN", "NATS_TOKEN_FILE", 1);
  const seed = read.secret("NATS_NKEY_SEED", "NATS_NKEY_SEED_FILE", 1);
  const creds = read.optional("NATS_CREDS");
  if ((user === undefined) !== (password === undefined)) {
    read.problem("NATS_USER and NATS_PASSWORD belong together: expected both, or neither");
  }
  const logins: NatsLogin[] = [];
  if (user !== undefined && password !== undefined) {
    logins.push({ kind: "password", user, password });
  }
  if (token !== undefined) logins.push({ kind: "token", token });
  if (seed !== undefined) logins.push({ kind: "nkey", seed });
  if (creds !== undefined) {
    logins.push({ kind: "creds", file: { setting: "NATS_CREDS", path: creds } });
  }
  if (logins.length > 1) {
    read.problem(
      "NATS_USER, NATS_TOKEN, NATS_NKEY_SEED and NATS_CREDS: several are set, expected one way to log in",
    );
  }
  return logins[0];
}

function clientTls(read: Settings, ca: string, cert: string, key: string): ClientTlsFiles {
  const file = (setting: string): NamedFile | undefined => {
    const path = read.optional(setting);
    return path === undefined ? undefined : { setting, path };
  };
  const files = { ca: file(ca), cert: file(cert), key: file(key) };
  if ((files.cert === undefined) !== (files.key === undefined)) {
    read.problem(`${cert} and ${key} belong together: expected both, or neither`);
  }
  return files;
}
