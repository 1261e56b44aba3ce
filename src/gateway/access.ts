/** Opens the feature that decides who may call: its secrets come from settings or from files. */

import { parseCertificateGrants } from "../features/access/certificates.ts";
import { type AccessDeps, type AccessPart, openAccess as open } from "../features/access/part.ts";
import type { Config } from "./config.ts";
import { readSecret, type SecretSource } from "./secret-source.ts";

export async function openAccess(
  deps: Omit<AccessDeps, "basePath">,
  { access, basePath }: Pick<Config, "access" | "basePath">,
): Promise<AccessPart> {
  const { adminKey, tokens, certificates, ...options } = access;
  const mapping = await read(certificates);
  return await open(
    { ...deps, basePath },
    {
      ...options,
      adminKey: await read(adminKey),
      tokens: tokens && { ...tokens, secret: await read(tokens.secret) },
      certificates:
        mapping === undefined
          ? undefined
          : parseCertificateGrants(mapping, "SLUICE_CERTIFICATE_GRANTS"),
    },
  );
}

async function read(source: SecretSource | undefined): Promise<string | undefined> {
  return source === undefined ? undefined : await readSecret(source);
}
