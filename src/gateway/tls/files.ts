/** Certificates and keys from files, checked before a listener gets them. */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { Failure } from "../../core/failure.ts";
import { type TlsContext, tlsServerOptions } from "../../core/tls/server.ts";
import type { TlsFiles } from "../config-tls.ts";

/** A chain of a few certificates takes some kilobytes. */
const fileBytesMax = 1024 ** 2;

/** What the files contain, not checked. */
export async function readTls(files: TlsFiles): Promise<TlsContext> {
  const { cert, key, clientCa, isClientRequired } = files;
  const read = {
    cert: await readPem("SLUICE_TLS_CERT", cert),
    key: await readPem("SLUICE_TLS_KEY", key),
  };
  if (clientCa === undefined) return read;
  const ca = await readPem("SLUICE_TLS_CLIENT_CA", clientCa);
  return { ...read, client: { ca, isRequired: isClientRequired } };
}

/** The certificate of the node. Throws `invalid` for what a listener could not use. */
export function checkTls(context: TlsContext, files: TlsFiles): X509Certificate {
  const certificate = parseCertificate("SLUICE_TLS_CERT", files.cert, context.cert);
  const key = parseKey("SLUICE_TLS_KEY", files.key, context.key);
  if (!certificate.checkPrivateKey(key)) {
    throw unusable(
      "SLUICE_TLS_KEY",
      files.key,
      `it is not the key of the certificate in ${files.cert}, expected the private key that the certificate was made for`,
    );
  }
  if (certificate.validToDate.getTime() <= Date.now()) {
    throw unusable(
      "SLUICE_TLS_CERT",
      files.cert,
      `the certificate expired on ${certificate.validTo}`,
    );
  }
  if (context.client !== undefined) {
    parseCertificate("SLUICE_TLS_CLIENT_CA", files.clientCa ?? "", context.client.ca);
  }
  try {
    createSecureContext(tlsServerOptions(context));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable("SLUICE_TLS_CERT", files.cert, reason, error);
  }
  return certificate;
}

/** The text of a file that a setting names. Throws `invalid` with the setting, the path and the reason. */
export async function readPem(setting: string, path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw unusable(setting, path, readErrors[code] ?? `it cannot be read (${code})`, error);
  }
  if (text.length > fileBytesMax) {
    throw unusable(setting, path, `it has more than ${fileBytesMax} bytes, expected PEM`);
  }
  return text;
}

const readErrors: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a directory, expected a file",
};

export function parseCertificate(setting: string, path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw unusable(
      setting,
      path,
      "it has no certificate, expected PEM that begins with one",
      error,
    );
  }
}

/** Throws without a word of what the file contains. */
export function parseKey(setting: string, path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ERR_MISSING_PASSPHRASE"
        ? "the key is encrypted, expected one without a passphrase: the gateway has nobody to ask for it"
        : "it has no private key, expected PEM";
    // Not as a cause: the engine's error could contain a part of the key.
    throw unusable(setting, path, reason);
  }
}

function unusable(setting: string, path: string, reason: string, cause?: unknown): Failure {
  return new Failure("invalid", `Cannot use ${setting}=${path}: ${reason}`, { cause });
}
