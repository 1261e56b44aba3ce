/** Deleting versions: softly, so that their ids stay readable, and then for good. */
import {
  RegistryFailure,
  type RegistryReason,
  type RegistryStore,
  type SubjectState,
} from "./registry-port.ts";
import { Failure } from "../../core/failure.ts";
import { parseSubject, shown } from "./subject.ts";

export interface Deletions {
  /**
   * Answers the version. For good only after it was deleted softly. Throws `…_not_found`,
   * `version_deleted`, `version_not_deleted`, `referenced`, `read_only`.
   */
  deleteVersion(
    subject: string,
    version: number | "latest",
    options: { readonly permanent: boolean },
  ): Promise<number>;
  /** The same of all its versions; answers those that were deleted. */
  deleteSubject(
    subject: string,
    options: { readonly permanent: boolean },
  ): Promise<readonly number[]>;
}

const attemptsMax = 50;

export function createDeletions(store: RegistryStore): Deletions {
  /** `choose` throws where the state does not allow it. */
  async function remove(
    subject: string,
    permanent: boolean,
    choose: (state: SubjectState) => readonly number[],
  ): Promise<readonly number[]> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const state = await store.subject(subject);
      if (state.versions.length === 0) refuse("subject_not_found", subject, "there is none");
      const versions = choose(state);
      if (state.mode === "READONLY") refuse("read_only", subject, "its mode is READONLY");
      const { revision } = state;
      const result = await store.deleteVersions({ subject, revision, versions, permanent });
      if (result === "deleted") return versions;
      if (result === "referenced") refuse("referenced", subject, "other schemas import it");
    }
    throw new Failure(
      "overloaded",
      `Cannot delete from ${shown(subject)}: others changed it ${attemptsMax} times meanwhile`,
      { retryAfterMs: 1000 },
    );
  }

  return {
    async deleteVersion(name, wanted, { permanent }) {
      const subject = parseSubject(name);
      const [deleted] = await remove(subject, permanent, ({ versions }) => {
        const found =
          wanted === "latest"
            ? versions.findLast((one) => one.deleted === permanent)
            : versions.find((one) => one.version === wanted);
        if (found === undefined) {
          return refuse("version_not_found", subject, `it has no version ${wanted}`);
        }
        if (found.deleted && !permanent) {
          refuse(
            "version_deleted",
            subject,
            `version ${found.version} is deleted, though not for good`,
          );
        }
        if (!found.deleted && permanent) {
          refuse("version_not_deleted", subject, `version ${found.version} was not deleted before`);
        }
        return [found.version];
      });
      return deleted ?? 0;
    },

    deleteSubject(name, { permanent }) {
      const subject = parseSubject(name);
      return remove(subject, permanent, ({ versions }) => {
        const live = versions.filter((one) => !one.deleted);
        if (permanent && live.length > 0) {
          refuse("subject_not_deleted", subject, "it was not deleted before");
        }
        if (!permanent && live.length === 0) {
          refuse("subject_deleted", subject, "it is deleted, though not for good");
        }
        return (permanent ? versions : live).map((one) => one.version);
      });
    },
  };
}

function refuse(reason: RegistryReason, subject: string, why: string): never {
  throw new RegistryFailure(reason, `Cannot delete from subject ${shown(subject)}: ${why}`);
}
