/** The registry with an audit line for each change, whichever protocol it came by. */

import { audit } from "../../core/access/audit.ts";
import type { Caller } from "../../core/access/caller.ts";
import type { LogFields, Logger } from "../../core/logger.ts";
import { allSubjects } from "./registry-port.ts";
import type { Registry } from "./registry.ts";

export function auditedRegistry(registry: Registry, by: Caller, logger: Logger): Registry {
  const changed = (action: "create" | "change" | "delete", subject: string, fields: LogFields) => {
    const name = subject === allSubjects ? "*" : subject;
    audit(logger, by, { action, kind: "subject", name, fields });
  };
  return {
    ...registry,
    async register(subject, submission, options) {
      const registration = await registry.register(subject, submission, options);
      if (options?.dryRun !== true && !registration.existed) {
        const { id, version } = registration.schema;
        changed("create", subject, { id, version });
      }
      return registration;
    },
    async deleteVersion(subject, version, options) {
      const deleted = await registry.deleteVersion(subject, version, options);
      changed("delete", subject, { version: deleted, permanent: options.permanent });
      return deleted;
    },
    async deleteSubject(subject, options) {
      const versions = await registry.deleteSubject(subject, options);
      changed("delete", subject, { versions: versions.length, permanent: options.permanent });
      return versions;
    },
    async setCompatibility(subject, compatibility) {
      await registry.setCompatibility(subject, compatibility);
      changed("change", subject, { compatibility: compatibility ?? "inherited" });
    },
    async setMode(subject, mode) {
      await registry.setMode(subject, mode);
      changed("change", subject, { mode: mode ?? "inherited" });
    },
  };
}
