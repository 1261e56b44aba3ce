/** `/ui/schemas/subject`: versions of one subject, and what can be asked of them. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { Refused } from "../../../http.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import { hrefTo, setQuery, usePlace } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { CheckForm } from "./check-form.tsx";
import { CompatibilitySetting } from "./compatibility-setting.tsx";
import { Deletion } from "./deletion.tsx";
import { DiffView } from "./diff-view.tsx";
import { ReferenceGraph } from "./reference-graph.tsx";
import { isMissing, listVersions, readVersion, type Version } from "./registry.ts";
import { subjectHref, type Tab, tabs } from "./subject-href.ts";
import { TextView } from "./text-view.tsx";
import { UsedBy } from "./used-by.tsx";

const everyMs = 10_000;

export function Page() {
  const subject = usePlace().query.get("s") ?? "";
  // Nothing of another subject stays.
  return <SubjectPage key={subject} subject={subject} />;
}

function SubjectPage({ subject }: { readonly subject: string }) {
  const me = useMe();
  const { query } = usePlace();
  const send = useCallback(async (): Promise<readonly Version[]> => {
    try {
      return await listVersions(subject, true);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }, [subject]);
  const { answer: versions, failure, refresh } = usePolled(send, everyMs);
  const live = versions?.filter((one) => !one.deleted) ?? [];
  const latest = live[0] ?? versions?.[0];
  const chosen = versions?.find((one) => String(one.version) === query.get("v")) ?? latest;
  const tab: Tab =
    tabs.find((one) => one === query.get("tab")) ?? (versions?.length === 0 ? "check" : "text");

  return (
    <div class="page">
      <div class="page-head">
        <h1>
          <a href={hrefTo("/schemas")}>Schemas</a> / <SafeText text={subject} />
        </h1>
        {latest !== undefined && <CompatibilitySetting subject={subject} />}
        {latest !== undefined && may(me, "manage", `subject:${subject}`) && (
          <Deletion
            subject={subject}
            versions={versions ?? []}
            chosen={chosen}
            onDeleted={refresh}
          />
        )}
      </div>
      <ErrorMessage text={failure} />
      {versions !== undefined && (
        <>
          {versions.length > 0 && (
            <Head subject={subject} versions={versions} chosen={chosen} tab={tab} />
          )}
          <Tabs subject={subject} tab={tab} isNew={versions.length === 0} />
          <Shown {...{ subject, versions, chosen, tab }} onRegistered={refresh} />
        </>
      )}
    </div>
  );
}

function Head({
  subject,
  versions,
  chosen,
  tab,
}: {
  readonly subject: string;
  readonly versions: readonly Version[];
  readonly chosen: Version | undefined;
  readonly tab: Tab;
}) {
  const { query } = usePlace();
  const earlier = earlierThan(versions, chosen, query.get("against"));
  return (
    <div class="filters">
      <VersionSelect
        label="Version"
        versions={versions}
        value={chosen}
        onChange={(version) => setQuery({ v: version }, { replace: false })}
      />
      {tab === "diff" && versions.length > 1 && (
        <VersionSelect
          label="Compared with"
          versions={versions.filter((one) => one !== chosen)}
          value={earlier}
          onChange={(version) => setQuery({ against: version })}
        />
      )}
      {chosen !== undefined && (
        <p class="about">
          Registered <Time of={chosen.registered_at} />, schema{" "}
          <a href={hrefTo(`/schemas/id/${chosen.id}`)}>id {chosen.id}</a>
          {chosen.deleted && ", deleted: readers of the subject do not see it"}
        </p>
      )}
      {versions.length === 1000 && (
        <p class="about">
          The newest 1,000 versions of <SafeText text={subject} />
        </p>
      )}
    </div>
  );
}

function VersionSelect({
  label,
  versions,
  value,
  onChange,
}: {
  readonly label: string;
  readonly versions: readonly Version[];
  readonly value: Version | undefined;
  readonly onChange: (version: string) => void;
}) {
  return (
    <label>
      <span>{label}</span>
      <select
        value={String(value?.version ?? "")}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {versions.map(({ version, deleted }) => (
          <option key={version} value={String(version)}>
            {version}
            {deleted ? " (deleted)" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

const names: Readonly<Record<Tab, string>> = {
  text: "Text",
  diff: "Differences",
  refs: "References",
  used: "Used by",
  check: "Check and register",
};

function Tabs({
  subject,
  tab,
  isNew,
}: {
  readonly subject: string;
  readonly tab: Tab;
  readonly isNew: boolean;
}) {
  const { query } = usePlace();
  const v = Number(query.get("v") ?? 0) || undefined;
  const shown = isNew ? tabs.filter((one) => one === "check") : tabs;
  return (
    <nav class="tabs" aria-label="Parts of the subject">
      {shown.map((one) => (
        <a
          key={one}
          href={subjectHref(subject, { v, tab: one })}
          {...(one === tab ? { "aria-current": "page" } : {})}
        >
          {names[one]}
        </a>
      ))}
    </nav>
  );
}

function Shown({
  subject,
  versions,
  chosen,
  tab,
  onRegistered,
}: {
  readonly subject: string;
  readonly versions: readonly Version[];
  readonly chosen: Version | undefined;
  readonly tab: Tab;
  readonly onRegistered: () => void;
}) {
  const { query } = usePlace();
  if (tab === "check") {
    const base = versions.find((one) => !one.deleted);
    return <CheckForm subject={subject} base={base?.version} onRegistered={onRegistered} />;
  }
  if (chosen === undefined) {
    return (
      <Empty title="This subject has no versions yet">
        <p>
          Its first schema is registered under{" "}
          <a href={subjectHref(subject, { tab: "check" })}>Check and register</a>.
        </p>
      </Empty>
    );
  }
  if (tab === "refs") return <ReferenceGraph subject={subject} version={chosen.version} />;
  if (tab === "used") return <UsedBy of={{ subject }} />;
  if (tab === "diff") {
    const against = earlierThan(versions, chosen, query.get("against"));
    if (against === undefined) {
      return <p>There is one version: the next one can be compared with it.</p>;
    }
    const [from = 0, to = 0] = [against.version, chosen.version].toSorted((a, b) => a - b);
    return <DiffView subject={subject} from={from} to={to} />;
  }
  return <LoadedText key={chosen.version} subject={subject} version={chosen.version} />;
}

function LoadedText({ subject, version }: { readonly subject: string; readonly version: number }) {
  const [isGone, setIsGone] = useState(false);
  const send = useCallback(async () => {
    try {
      return await readVersion(subject, version);
    } catch (error) {
      setIsGone(error instanceof Refused && error.status === 404);
      throw error;
    }
  }, [subject, version]);
  const { answer, failure } = usePolled(send, 60_000);
  return (
    <>
      <ErrorMessage text={failure} />
      {answer !== undefined && !isGone && <TextView of={answer} />}
    </>
  );
}

/** The version to compare with: the one that is named, or the one before. */
function earlierThan(
  versions: readonly Version[],
  chosen: Version | undefined,
  named: string | null,
): Version | undefined {
  if (chosen === undefined) return undefined;
  const found = versions.find((one) => String(one.version) === named && one !== chosen);
  return (
    found ??
    versions.find((one) => one.version < chosen.version) ??
    versions.find((one) => one !== chosen)
  );
}
