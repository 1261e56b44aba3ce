/** `sluice.v1.RegistryService`: the registry over Connect, gRPC-Web and gRPC. */

import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { Failure } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import {
  ChangeKind as ChangeKindCode,
  Compatibility as CompatibilityCode,
  type GetDescriptorSetRequest,
  type RegisterRequest,
  RegistryService,
} from "../../../gen/sluice/v1/registry_pb.ts";
import { callerOf } from "../../../rpc/access.ts";
import { auditedRegistry } from "../audited.ts";
import { type CallerRegistry, registryFor } from "../guarded.ts";
import {
  allSubjects,
  type ChangeKind,
  compatibilities,
  type Compatibility,
  type RegistryChange,
  type SchemaVersion,
  type StoredSchema,
} from "../registry-port.ts";
import type { Registry } from "../registry.ts";
import type { SchemaSource } from "../source/source.ts";
import type { Submission } from "../submission.ts";

const pageMax = 1000;

export function mountRegistry(router: ConnectRouter, shared: Registry, logger: Logger): void {
  /** As the caller may use it. */
  const of = ({ values }: Pick<HandlerContext, "values">) => {
    const caller = callerOf(values);
    return registryFor(auditedRegistry(shared, caller, logger), caller);
  };
  router.service(RegistryService, {
    async register(request, context) {
      const { subject, dryRun } = request;
      const { schema, existed } = await of(context).register(subject, submissionFrom(request), {
        dryRun,
      });
      return { schema: versionMessage(schema), existed };
    },

    async checkCompatibility(request, context) {
      const { compatible, compatibility, incompatibilities } = await of(context).check(
        request.subject,
        submissionFrom(request),
        request.version === 0 ? undefined : request.version,
      );
      return {
        compatible,
        compatibility: codeOf[compatibility],
        incompatibilities: incompatibilities.map(({ type, path, message }) => ({
          code: type,
          path,
          message,
        })),
      };
    },

    async getDescriptorSet(request, context) {
      const { schema, subject, version, deleted } = await findSchema(of(context), request);
      return {
        schema: versionMessage({ ...schema, subject, version, deleted }),
        fileDescriptorSet: schema.set,
      };
    },

    async listSubjects({ prefix, deleted, offset, limit }, context) {
      const subjects = await of(context).versions({
        ...{ prefix, deleted, offset, latestOnly: true },
        limit: limit === 0 ? pageMax : Math.min(limit, pageMax),
      });
      return { subjects: subjects.map(versionMessage) };
    },

    async listVersions({ subject, deleted }, context) {
      const versions = await of(context).versionsOf(subject, { deleted });
      return { versions: versions.map(versionMessage) };
    },

    async deleteVersion({ subject, version, permanent }, context) {
      return {
        version: await of(context).deleteVersion(subject, versionFrom(version), { permanent }),
      };
    },

    async deleteSubject({ subject, permanent }, context) {
      return { versions: [...(await of(context).deleteSubject(subject, { permanent }))] };
    },

    async getConfig({ subject }, context) {
      const { compatibility, ownCompatibility } = await of(context).settings(subject);
      return { compatibility: codeOf[compatibility], own: ownCompatibility !== undefined };
    },

    async setConfig({ subject, compatibility }, context) {
      const registry = of(context);
      await registry.setCompatibility(subject, compatibilityFrom(compatibility));
      const now = await registry.settings(subject);
      return { compatibility: codeOf[now.compatibility] };
    },

    async *watch({ subject, after }, context) {
      const events = of(context).watch(
        {
          subject: subject === "" ? undefined : subject,
          after: after === undefined ? undefined : Number(after),
        },
        context.signal,
      );
      for await (const { change, revision } of events) {
        yield {
          revision: BigInt(revision),
          ...(change === undefined ? {} : { change: changeMessage(change) }),
        };
      }
    },
  });
}

function submissionFrom({
  schema,
  file: path,
  references,
}: Pick<RegisterRequest, "schema" | "file" | "references">): Submission {
  return {
    source: sourceFrom(schema, path === "" ? undefined : path),
    references: references.map(({ name, subject, version }) => ({ name, subject, version })),
  };
}

function sourceFrom(schema: RegisterRequest["schema"], file: string | undefined): SchemaSource {
  switch (schema.case) {
    case "protoText": {
      const { text, imports } = schema.value;
      return { form: "text", text, imports: new Map(Object.entries(imports)), file };
    }
    case "fileDescriptorSet":
      return { form: "set", set: schema.value, file };
    case undefined:
      break;
  }
  throw new Failure(
    "invalid",
    "Cannot read the schema: it is missing, expected file_descriptor_set or proto_text",
  );
}

interface FoundSchema {
  readonly schema: StoredSchema;
  readonly subject: string;
  readonly version: number;
  readonly deleted: boolean;
}

async function findSchema(
  registry: CallerRegistry,
  { schema: name }: GetDescriptorSetRequest,
): Promise<FoundSchema> {
  switch (name.case) {
    case "subjectVersion": {
      const { subject, version } = name.value;
      const found = await registry.version(subject, versionFrom(version), { deleted: false });
      return { ...found, schema: await registry.schema(found.id) };
    }
    case "id":
      return await newestOf(registry, await registry.schema(name.value));
    case "fullName":
      return await newestOf(registry, await registry.schemaOfMessage(name.value));
    case undefined:
      break;
  }
  throw new Failure(
    "invalid",
    "Cannot find the schema: nothing names it, expected id, full_name or subject_version",
  );
}

async function newestOf(registry: CallerRegistry, schema: StoredSchema): Promise<FoundSchema> {
  const versions = await registry.versionsOfId(schema.id);
  const newest = versions.findLast((one) => !one.deleted) ?? versions.at(-1);
  const { subject = "", version = 0, deleted = true } = newest ?? {};
  return { schema, subject, version, deleted };
}

function versionFrom(version: number): number | "latest" {
  return version === 0 ? "latest" : version;
}

/** The fields of the message; a stored version has more. */
function versionMessage({
  id,
  guid,
  subject,
  version,
  hash,
  file,
  messages,
  deleted,
}: SchemaVersion) {
  return { id, guid, subject, version, hash, file, messages: [...messages], deleted };
}

function changeMessage({ kind, subject, version, id }: RegistryChange) {
  return { kind: kindCode[kind], subject: subject === allSubjects ? "" : subject, version, id };
}

const kindCode = {
  registered: ChangeKindCode.REGISTERED,
  version_deleted: ChangeKindCode.VERSION_DELETED,
  version_purged: ChangeKindCode.VERSION_PURGED,
  config_changed: ChangeKindCode.CONFIG_CHANGED,
  mode_changed: ChangeKindCode.MODE_CHANGED,
} as const satisfies Record<ChangeKind, ChangeKindCode>;

const codeOf = {
  NONE: CompatibilityCode.NONE,
  BACKWARD: CompatibilityCode.BACKWARD,
  BACKWARD_TRANSITIVE: CompatibilityCode.BACKWARD_TRANSITIVE,
  FORWARD: CompatibilityCode.FORWARD,
  FORWARD_TRANSITIVE: CompatibilityCode.FORWARD_TRANSITIVE,
  FULL: CompatibilityCode.FULL,
  FULL_TRANSITIVE: CompatibilityCode.FULL_TRANSITIVE,
} as const satisfies Record<Compatibility, CompatibilityCode>;

/** Undefined: the subject has no own setting. */
function compatibilityFrom(code: CompatibilityCode): Compatibility | undefined {
  if (code === CompatibilityCode.UNSPECIFIED) return undefined;
  const found = compatibilities.find((one) => codeOf[one] === code);
  if (found !== undefined) return found;
  throw new Failure(
    "invalid",
    `Cannot set compatibility ${String(code)}: expected one of sluice.v1.Compatibility`,
  );
}
