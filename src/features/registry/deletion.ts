/** Deletion of versions: first softly, so that their ids stay readable, then permanently. */

import { quoted } from "../../core/failure.ts";
import {
  RegistryFailure,
  type RegistryReason,
  type RegistryStore,
  type SubjectState,
} from "./registry-port.ts";
import { retryWhileChanged } from "./retry-while-changed.ts";
import { parseSubject } from "./subject.ts";

export interface Deletions {
  /**
   * Returns the version. Permanently only after it was deleted softly. Throws `…_not_found`,
   * `version_deleted`, `version_not_deleted`, `referenced`, `read_only`.
   */
  deleteVersion(
    subject: string,
    version: number | "latest",
    options: { readonly permanent: boolean },
  ): Promise<number>;
  /** The same for all versions of the subject; returns those that were deleted. */
  deleteSubject(
    subject: string,
    options: { readonly permanent: boolean },
  ): Promise<readonly number[]>;
}

export function createDeletions(store: RegistryStore): Deletions {
  return {
    async deleteVersion(name, version, { permanent }) {
      const subject = parseSubject(name);
      const [deleted] = await deleteChosen(store, subject, permanent, (state) => [
        chooseVersion(state, subject, version, permanent),
      ]);
      return deleted ?? 0;
    },

    async deleteSubject(name, { permanent }) {
      const subject = parseSubject(name);
      return await deleteChosen(store, subject, permanent, (state) =>
        chooseAll(state, subject, permanent),
      );
    },
  };
}

/** `choose` returns the versions to delete, or throws where the state does not allow it. */
async function deleteChosen(
  store: RegistryStore,
  subject: string,
  permanent: boolean,
  choose: (state: SubjectState) => readonly number[],
): Promise<readonly number[]> {
  return await retryWhileChanged(`Cannot delete from ${quoted(subject)}`, async () => {
    const state = await store.subject(subject);
    if (state.versions.length === 0) refuse("subject_not_found", subject, "it does not exist");
    const versions = choose(state);
    if (state.mode === "READONLY") refuse("read_only", subject, "its mode is READONLY");
    const { revision } = state;
    const result = await store.deleteVersions({ subject, revision, versions, permanent });
    if (result === "referenced") refuse("referenced", subject, "other schemas import it");
    return result === "deleted" ? versions : result;
  });
}

function chooseVersion(
  { versions }: SubjectState,
  subject: string,
  version: number | "latest",
  permanent: boolean,
): number {
  const found =
    version === "latest"
      ? versions.findLast((one) => one.deleted === permanent)
      : versions.find((one) => one.version === version);
  if (found === undefined) {
    return refuse("version_not_found", subject, `it has no version ${version}`);
  }
  if (found.deleted && !permanent) {
    refuse("version_deleted", subject, `version ${found.version} is already deleted softly`);
  }
  if (!found.deleted && permanent) {
    refuse("version_not_deleted", subject, `version ${found.version} was not deleted softly first`);
  }
  return found.version;
}

function chooseAll(
  { versions }: SubjectState,
  subject: string,
  permanent: boolean,
): readonly number[] {
  const live = versions.filter((one) => !one.deleted);
  if (permanent && live.length > 0) {
    refuse("subject_not_deleted", subject, "it was not deleted softly first");
  }
  if (!permanent && live.length === 0) {
    refuse("subject_deleted", subject, "it is already deleted softly");
  }
  return (permanent ? versions : live).map((one) => one.version);
}

function refuse(reason: RegistryReason, subject: string, why: string): never {
  throw new RegistryFailure(reason, `Cannot delete from subject ${quoted(subject)}: ${why}`);
}
