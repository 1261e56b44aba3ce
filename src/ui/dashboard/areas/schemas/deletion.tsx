/** Deleting a version or a whole subject: first softly, then permanently. */

import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../../../http.ts";
import { ConfirmName } from "../../kit/confirm-name.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { setQuery } from "../../shell/place.ts";
import { deleteVersions, type GraphVersion, readGraph, type Version } from "./registry.ts";
import { subjectHref } from "./subject-href.ts";

/** Versions of a subject whose importing schemas are looked up. */
const askedMax = 20;

interface Choice {
  readonly version: number | undefined;
  readonly permanent: boolean;
}

export function Deletion({
  subject,
  versions,
  chosen,
  onDeleted,
}: {
  readonly subject: string;
  readonly versions: readonly Version[];
  readonly chosen: Version | undefined;
  readonly onDeleted: () => void;
}) {
  const [choice, setChoice] = useState<Choice>();
  const isAllDeleted = versions.every((one) => one.deleted);
  return (
    <div class="buttons">
      {chosen !== undefined && versions.length > 1 && (
        <button
          type="button"
          class="danger"
          onClick={() => setChoice({ version: chosen.version, permanent: chosen.deleted })}
        >
          {chosen.deleted ? `Remove v${chosen.version} permanently` : `Delete v${chosen.version}`}
        </button>
      )}
      <button
        type="button"
        class="danger"
        onClick={() => setChoice({ version: undefined, permanent: isAllDeleted })}
      >
        {isAllDeleted ? "Remove the subject permanently" : "Delete the subject"}
      </button>
      {choice !== undefined && (
        <Confirm
          {...{ subject, versions, choice }}
          onClose={() => setChoice(undefined)}
          onDeleted={onDeleted}
        />
      )}
    </div>
  );
}

function Confirm({
  subject,
  versions,
  choice: { version, permanent },
  onClose,
  onDeleted,
}: {
  readonly subject: string;
  readonly versions: readonly Version[];
  readonly choice: Choice;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}) {
  const what = version === undefined ? "the subject" : `version ${version}`;
  return (
    <ConfirmName
      title={permanent ? `Remove ${what} permanently` : `Delete ${what}`}
      name={subject}
      action={permanent ? "Remove permanently" : "Delete"}
      onClose={onClose}
      onConfirm={async () => {
        await deleteVersions(subject, version, permanent);
        if (version !== undefined) setQuery({ v: undefined });
        onDeleted();
      }}
    >
      {permanent ? (
        <p>
          It is removed, and its schema with the last version that has it. Records with that
          schema's id can then no longer be decoded. Numbers of versions are not used again.
        </p>
      ) : (
        <p>
          Readers of the subject no longer see it. Its id stays readable, so that records can still
          be decoded. It can be removed permanently after that.
        </p>
      )}
      <Blockers
        subject={subject}
        versions={version === undefined ? versions.map((one) => one.version) : [version]}
      />
    </ConfirmName>
  );
}

/** What imports these versions: as long as it does, they cannot be deleted. */
function Blockers({
  subject,
  versions,
}: {
  readonly subject: string;
  readonly versions: readonly number[];
}) {
  const [importing, setImporting] = useState<readonly GraphVersion[]>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      const found: GraphVersion[] = [];
      for (const version of versions.slice(0, askedMax)) {
        const { versions: all } = await readGraph(subject, version);
        found.push(...all.filter((one) => one.level === -1 && one.subject !== subject));
        if (isOver) return;
      }
      setImporting(found);
    };
    ask().catch((error: unknown) => setFailure(messageOf(error)));
    return () => {
      isOver = true;
    };
  }, []);
  if (failure !== undefined) return <p class="about">What imports it is not known: {failure}</p>;
  if (importing === undefined) return <p class="about">Looking for what imports it…</p>;
  if (importing.length === 0) return null;
  return (
    <p class="failure" role="alert">
      It cannot be deleted while these import it:{" "}
      {importing.slice(0, 20).map((one, at) => (
        <span key={at}>
          {at > 0 && ", "}
          <a href={subjectHref(one.subject, { v: one.version, tab: "refs" })}>
            <SafeText text={one.subject} max={80} /> v{one.version}
          </a>
        </span>
      ))}
      {importing.length > 20 && ` and ${importing.length - 20} more`}
    </p>
  );
}
