/** What each method of the registry needs of its caller. */

import { needs } from "../../../core/access/need.ts";
import { RegistryService } from "../../../gen/sluice/v1/registry_pb.ts";
import { serviceAccess } from "../../../rpc/access.ts";

/** An empty subject is all of them. */
const subject = { param: "subject" } as const;

export const registryAccess = serviceAccess(RegistryService, {
  register: needs("append", "subject", subject),
  checkCompatibility: needs("read", "subject", subject),
  getDescriptorSet: needs("read", "subject", { some: "those that have the schema" }),
  listSubjects: needs("read", "subject", { some: "those that are listed" }),
  listVersions: needs("read", "subject", subject),
  deleteVersion: needs("manage", "subject", subject),
  deleteSubject: needs("manage", "subject", subject),
  getConfig: needs("read", "subject", subject),
  setConfig: needs("manage", "subject", subject),
  watch: needs("read", "subject", { some: "the one that is named, or those that change" }),
});
