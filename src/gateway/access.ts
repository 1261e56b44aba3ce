/** Opens the feature that decides who may call: its secrets come from settings or from files. */

import { type AccessPart, openAccess as open } from "../features/access/part.ts";
import type { Foundation } from "../features/part.ts";
import type { AccessConfig } from "./config-access.ts";
import { readSecret } from "./secret-source.ts";

export async function openAccess(
  foundation: Foundation,
  { adminKey, ...options }: AccessConfig,
): Promise<AccessPart> {
  return await open(foundation, {
    ...options,
    adminKey: adminKey === undefined ? undefined : await readSecret(adminKey),
  });
}
