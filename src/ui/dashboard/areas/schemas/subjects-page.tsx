/** `/ui/schemas`: the subjects of the registry. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { useFirstField } from "../../../first-field.ts";
import { renderCount } from "../../../format.ts";
import { closesOnEscape } from "../../kit/close-keys.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolledPages } from "../../kit/polled-pages.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { SearchField } from "../../kit/search-field.tsx";
import { Time } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { go, useQueryText } from "../../shell/place.ts";
import { may, mayAny, useMe } from "../../shell/session.ts";
import { CompatibilitySetting } from "./compatibility-setting.tsx";
import { listSubjects, type Subject } from "./registry.ts";
import { subjectHref } from "./subject-href.ts";

const everyMs = 10_000;
const rowHeight = 48;

export function Page() {
  const me = useMe();
  const [q, setQ] = useQueryText("q");
  const [deleted, setDeleted] = useQueryText("deleted");
  const [isNew, setIsNew] = useState(false);
  const list = useSubjects(q, deleted === "1");
  const mayRegister = me !== undefined && (!me.closed || me.grants.some(isAppend));
  return (
    <div class="page">
      <div class="page-head">
        <h1>Schemas</h1>
        {may(me, "read", "subject:*") && <CompatibilitySetting subject={undefined} />}
        {mayRegister && !isNew && (
          <button type="button" class="primary" onClick={() => setIsNew(true)}>
            Register a schema
          </button>
        )}
      </div>
      {mayRegister && isNew && <NewSubject onClose={() => setIsNew(false)} />}
      <div class="filters">
        <SearchField charsMax={255} text={q} onSearch={setQ} />
        <label class="check">
          <input
            type="checkbox"
            checked={deleted === "1"}
            onChange={(event) => setDeleted(event.currentTarget.checked ? "1" : "")}
          />
          Deleted ones too
        </label>
      </div>
      <ErrorMessage text={list.failure} />
      {list.subjects?.length === 0 ? (
        <Nothing q={q} />
      ) : (
        <VirtualList
          class="subjects"
          count={list.subjects?.length ?? 0}
          rowHeight={rowHeight}
          label="Subjects"
          onEnd={list.more}
          onRange={list.onRange}
          row={(at) => <Row key={at} subject={list.subjects?.[at]} />}
        />
      )}
      {list.subjects !== undefined && list.subjects.length > 0 && (
        <p class="about" role="status">
          {renderCount(list.subjects.length)} {list.subjects.length === 1 ? "subject" : "subjects"}
          {list.hasMore && ", more follow as you scroll"}
        </p>
      )}
    </div>
  );
}

function isAppend(grant: string): boolean {
  return grant === "append *" || grant.startsWith("append subject:");
}

function useSubjects(q: string, deleted: boolean) {
  const read = useCallback((after?: string) => listSubjects(q, deleted, after), [q, deleted]);
  const { items: subjects, ...list } = usePolledPages(read, everyMs, nameOf);
  return { subjects, ...list };
}

const nameOf = ({ subject }: Subject) => subject;

function NewSubject({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const form = useFirstField();
  return (
    <form
      ref={form}
      class="filters"
      onKeyDown={closesOnEscape(onClose)}
      onSubmit={(event) => {
        event.preventDefault();
        go("/schemas/subject", { s: name, tab: "check" });
      }}
    >
      <label>
        <span>Subject, such as orders-value</span>
        <input
          required
          maxLength={255}
          spellcheck={false}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary">
        Go on to its text
      </button>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
    </form>
  );
}

function Nothing({ q }: { readonly q: string }) {
  const me = useMe();
  if (q !== "") {
    return (
      <Empty title="No subject has this in its name">
        <p>All subjects that you may read were searched.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No schemas yet" command="sluice schema register orders-value orders.proto">
      <p>
        A schema says what the bytes of records mean: it decodes them on every page, and a topic can
        refuse records that do not follow it.
        {mayAny(me, "subject") && " Register one here, or with the command line:"}
      </p>
    </Empty>
  );
}

function Row({ subject: one }: { readonly subject: Subject | undefined }) {
  if (one === undefined) return null;
  const { subject, versions, latest, compatibility } = one;
  return (
    <div role="listitem" class="subject-row">
      <a href={subjectHref(subject)}>
        <SafeText text={subject} max={160} />
      </a>
      <span class="about">
        v{latest.version} · id {latest.id}
        {latest.deleted && " · deleted"}
      </span>
      <span class="about messages">
        {latest.messages.length === 0 ? (
          "no message"
        ) : (
          <SafeText text={latest.messages[0] ?? ""} max={80} />
        )}
        {latest.messages.length > 1 && ` and ${latest.messages.length - 1} more`}
      </span>
      <span class="about">
        {versions === 1 ? "1 version" : `${renderCount(versions)} versions`}
        {compatibility !== null && ` · ${compatibility}`}
      </span>
      <span class="about when">
        <Time of={latest.registered_at} />
      </span>
    </div>
  );
}
