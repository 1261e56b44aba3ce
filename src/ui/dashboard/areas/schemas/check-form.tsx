/** A pasted text: compiled and compared as it is typed, and registered once it may be. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { messageOf, Refused } from "../../../http.ts";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { go } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { dropDraft, keepDraft, keptDraft } from "./draft.ts";
import { References } from "./references-form.tsx";
import {
  checkText,
  readVersion,
  type Reference,
  registerText,
  type Submission,
  type Verdict,
} from "./registry.ts";
import { VerdictView } from "./verdict-view.tsx";

const pauseMs = 400;
const retryMs = 2000;

const firstText = `syntax = "proto3";

package acme.v1;

message Order {
  string id = 1;
  int64 cents = 2;
}
`;

type Outcome =
  | { readonly state: "checking" }
  | { readonly state: "checked"; readonly verdict: Verdict }
  | { readonly state: "refused"; readonly refused: Refused }
  | { readonly state: "away"; readonly why: string };

export function CheckForm({
  subject,
  base,
  onRegistered,
}: {
  readonly subject: string;
  /** The version whose text the form begins with; undefined: the subject has none. */
  readonly base: number | undefined;
  readonly onRegistered: () => void;
}) {
  const [draft, setDraft] = useDraft(subject, base);
  if (draft === undefined) return null;
  return (
    <Form
      {...{ subject, draft, onRegistered }}
      setDraft={(next) => {
        keepDraft(subject, next);
        setDraft(next);
      }}
    />
  );
}

/** What was typed before, else the newest version, else an example. */
function useDraft(subject: string, base: number | undefined) {
  const [draft, setDraft] = useState<Submission | undefined>(() => keptDraft(subject));
  useEffect(() => {
    if (draft !== undefined) return undefined;
    if (base === undefined) {
      setDraft({ text: firstText, references: [] });
      return undefined;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const load = () => {
      readVersion(subject, base).then(
        ({ text, references }) => {
          if (!isOver) setDraft({ text, references });
        },
        () => {
          if (!isOver) timer = setTimeout(load, retryMs);
        },
      );
    };
    load();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return [draft, setDraft] as const;
}

function Form({
  subject,
  draft,
  setDraft,
  onRegistered,
}: {
  readonly subject: string;
  readonly draft: Submission;
  readonly setDraft: (draft: Submission) => void;
  readonly onRegistered: () => void;
}) {
  const me = useMe();
  const area = useRef<HTMLTextAreaElement>(null);
  const outcome = useOutcome(subject, draft);
  const mayRegister = may(me, "append", `subject:${subject}`);
  const isGood =
    outcome.state === "checked" && outcome.verdict.compatible && outcome.verdict.existing === null;

  const work = useWork(isGood);
  const register = async () => {
    const { version } = await registerText(subject, draft);
    dropDraft(subject);
    onRegistered();
    go("/schemas/subject", { s: subject, v: String(version) });
  };
  const setReferences = (references: readonly Reference[]) => setDraft({ ...draft, references });
  const showLine = useCallback((line: number, column: number) => {
    const element = area.current;
    if (element === null) return;
    const before = element.value.split("\n").slice(0, line - 1);
    const at = before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    element.focus();
    element.setSelectionRange(at, at + 1);
  }, []);

  return (
    <div class="check-form">
      <WorkForm work={work} onSubmit={register}>
        <label>
          <span>
            The next version of <SafeText text={subject} />
          </span>
          <textarea
            ref={area}
            class="schema-text"
            rows={18}
            spellcheck={false}
            autocomplete="off"
            value={draft.text}
            onInput={(event) => setDraft({ ...draft, text: event.currentTarget.value })}
          />
        </label>
        <References references={draft.references} onChange={setReferences} />
        <ErrorMessage text={work.failure} />
        {mayRegister && (
          <div class="buttons">
            <SubmitButton work={work}>Register</SubmitButton>
          </div>
        )}
      </WorkForm>
      <section class="verdict-box" aria-label="What the gateway says of it" aria-live="polite">
        <OutcomeView outcome={outcome} showLine={showLine} />
      </section>
    </div>
  );
}

function OutcomeView({
  outcome,
  showLine,
}: {
  readonly outcome: Outcome;
  readonly showLine: (line: number, column: number) => void;
}) {
  switch (outcome.state) {
    case "checking":
      return <p class="about">Checking…</p>;
    case "checked":
      return <VerdictView verdict={outcome.verdict} />;
    case "away":
      return (
        <p class="failure" role="alert">
          Not checked: {outcome.why}. It is tried again.
        </p>
      );
    default:
      return <Refusal refused={outcome.refused} showLine={showLine} />;
  }
}

const place = /^(\d+):(\d+)$/;

function Refusal({
  refused: { message, errors },
  showLine,
}: {
  readonly refused: Refused;
  readonly showLine: (line: number, column: number) => void;
}) {
  return (
    <>
      <p class="verdict forbidden">
        <strong>It cannot be used</strong>
      </p>
      {errors.length === 0 && <ErrorMessage text={message} />}
      <ul class="reasons">
        {errors.slice(0, 100).map((one, at) => {
          const [, line, column] = place.exec(one.field ?? "") ?? [];
          return (
            <li key={at}>
              {line !== undefined && column !== undefined ? (
                <button type="button" onClick={() => showLine(Number(line), Number(column))}>
                  Line {line}, column {column}
                </button>
              ) : (
                <code>
                  <SafeText text={one.field ?? ""} />
                </code>
              )}{" "}
              <SafeText text={one.message} max={600} />
            </li>
          );
        })}
      </ul>
      {errors.length > 100 && <p class="about">{errors.length - 100} more not shown</p>}
    </>
  );
}

/** Asks after a pause; an answer to an earlier text is dropped. */
function useOutcome(subject: string, draft: Submission): Outcome {
  const [outcome, setOutcome] = useState<Outcome>({ state: "checking" });
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = () => {
      setOutcome((old) => (old.state === "away" ? old : { state: "checking" }));
      checkText(subject, draft, stop.signal).then(
        (verdict) => setOutcome({ state: "checked", verdict }),
        (error: unknown) => {
          if (stop.signal.aborted) return;
          if (error instanceof Refused && !error.isPassing) {
            setOutcome({ state: "refused", refused: error });
            return;
          }
          setOutcome({ state: "away", why: messageOf(error) });
          timer = setTimeout(ask, retryMs);
        },
      );
    };
    timer = setTimeout(ask, pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [subject, draft]);
  return outcome;
}
