/** What each method of the registry needs of its caller. */

import { needs } from "../../../core/access/need.ts";
import { RegistryService } from "../../../gen/sluice/v1/registry_pb.ts";
import { serviceAccess } from "../../../rpc/access.ts";

/** An empty subject is all of them. */
const subject = { param: "subject" } as const;

export const registryAccess = serviceAccess(RegistryService, {
  register: needs("append", "subject", subject),
  checkCompatibility: needs("read", "subject", subject),
  getDescriptorSet: needs("read", "subject", { handler: "a subject that has the schema" }),
  listSubjects: needs("read", "subject", { handler: "each subject that it lists" }),
  listVersions: needs("read", "subject", subject),
  deleteVersion: needs("manage", "subject", subject),
  deleteSubject: needs("manage", "subject", subject),
  getConfig: needs("read", "subject", subject),
  setConfig: needs("manage", "subject", subject),
  watch: needs("read", "subject", subject),
});
