/** What is wrong now, in words, with a way to it. */

import { ErrorMessage } from "../../../error-message.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { Age } from "../../kit/time.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { counted } from "../rules/words.ts";
import type { ProblemFound } from "./nodes-api.ts";
import type { OverdueFound } from "./overdue-found.ts";

const headings: Readonly<Record<string, string>> = {
  store_away: "The store does not answer",
  log_away: "The log does not answer",
  appends_fail: "Appends fail",
  projection_behind: "A projection is behind",
  projection_fails: "A projection fails",
  rule_stopped: "A rule has stopped",
  rule_behind: "A rule is behind",
  topic_refuses: "A topic refuses records",
  near_bound: "A bound is near",
  slow_subscribers: "Slow subscribers were cut",
  node_silent: "A node is silent",
  clock_differs: "A clock differs",
};

export function Problems({
  problems,
  overdue,
  failure,
  missing,
}: {
  readonly problems: readonly ProblemFound[] | undefined;
  readonly overdue: OverdueFound | undefined;
  readonly failure: string | undefined;
  readonly missing: string | null | undefined;
}) {
  const isLate = overdue?.oldest !== undefined;
  return (
    <section aria-labelledby="problems-title" class="problems">
      <h2 id="problems-title">What is wrong now</h2>
      <ErrorMessage text={failure} />
      {typeof missing === "string" && <p class="failure">{missing}</p>}
      <div aria-live="polite">
        {problems?.length === 0 && !isLate && (
          <p class="well">Nothing that this gateway knows of.</p>
        )}
        {(isLate || (problems !== undefined && problems.length > 0)) && (
          <ul>
            {overdue !== undefined && <Overdue found={overdue} />}
            {problems?.map((problem) => (
              <Row key={`${problem.kind} ${problem.about.name}`} problem={problem} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Overdue({ found: { counted: count, more, oldest } }: { readonly found: OverdueFound }) {
  if (oldest === undefined) return null;
  return (
    <li class="card">
      <p>
        <strong>Ids are overdue</strong>{" "}
        <span class="about">
          the first for <Age of={oldest.overdue_since} />
        </span>
      </p>
      <p>
        {counted(count, "id")} of ack rules and messages of apps{more && ", and more,"} passed the
        deadline. The first lacks <SafeText text={oldest.missing.join(", ")} max={200} />.
      </p>
      <a href={hrefTo("/overdue")}>Look at what is overdue</a>
    </li>
  );
}

function Row({ problem: { kind, about, message, since } }: { readonly problem: ProblemFound }) {
  const href = hrefOf(about);
  return (
    <li class="card">
      <p>
        <strong>{headings[kind] ?? kind}</strong>{" "}
        <span class="about">
          for <Age of={since} />
        </span>
      </p>
      <p>
        <SafeText text={message} max={600} />
      </p>
      {href !== undefined && (
        <a href={href}>
          Look at <SafeText text={about.name} max={80} />
        </a>
      )}
    </li>
  );
}

function hrefOf({ kind, name }: ProblemFound["about"]): string | undefined {
  if (kind === "topic") return hrefTo(`/topics/${segment(name)}/about`);
  if (kind === "rule") return hrefTo(`/rules/${segment(name)}`);
  return kind === "node" ? hrefTo(`/nodes/${segment(name)}`) : undefined;
}
