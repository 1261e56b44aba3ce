/** `/ui/rules/:rule`: one ack rule, its figures and its ids. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { Refused } from "../../../http.ts";
import { ConfirmName } from "../../kit/confirm-name.tsx";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import type { PageProps } from "../../shell/page.ts";
import { go, hrefTo, segment, useQueryText } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { placesOf, readRule, readStats, removeRule, type Rule, type Stats } from "./api.ts";
import { FiguresTab } from "./figures-tab.tsx";
import { IdPanel } from "./id-panel.tsx";
import { OverdueTab } from "./overdue-tab.tsx";
import { RuleForm } from "./rule-form.tsx";
import { SightingsTab } from "./sightings-tab.tsx";
import { behindS, renderDeadline, renderMs, renderRuleLag } from "./words.ts";

const everyMs = 2000;
const tabs = ["overdue", "sightings", "figures"] as const;
const names = { overdue: "Overdue", sightings: "Sightings", figures: "Figures" } as const;

export function Page({ params }: PageProps) {
  const name = params["rule"] ?? "";
  // Nothing of another rule stays.
  return <RulePage key={name} name={name} />;
}

function RulePage({ name }: { readonly name: string }) {
  const send = useCallback(async () => {
    try {
      return await readRule(name);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return "missing" as const;
      throw error;
    }
  }, [name]);
  const { answer, failure, refresh } = usePolled(send, everyMs);
  return (
    <div class="page">
      {typeof answer === "object" ? (
        <Known rule={answer} refresh={refresh} />
      ) : (
        <Title name={name} />
      )}
      <ErrorMessage text={failure} />
      {answer === "missing" && (
        <Empty title="There is no such rule">
          <p>
            It was removed, or never created. <a href={hrefTo("/rules")}>All ack rules</a>
          </p>
        </Empty>
      )}
    </div>
  );
}

function Title({ name }: { readonly name: string }) {
  return (
    <h1>
      <a href={hrefTo("/rules")}>Ack rules</a> / <SafeText text={name} />
    </h1>
  );
}

function Known({ rule, refresh }: { readonly rule: Rule; readonly refresh: () => void }) {
  const me = useMe();
  const [change, setChange] = useQueryText("change");
  const [isDeleting, setIsDeleting] = useState(false);
  const [text, setTab] = useQueryText("tab", "overdue");
  const tab = tabs.find((one) => one === text) ?? "overdue";
  const mayManage = may(me, "manage", `rule:${rule.name}`);
  return (
    <>
      <div class="page-head">
        <Title name={rule.name} />
        {mayManage && change !== "1" && (
          <div class="buttons">
            <button type="button" onClick={() => setChange("1")}>
              Change
            </button>
            <button type="button" class="danger" onClick={() => setIsDeleting(true)}>
              Delete
            </button>
          </div>
        )}
      </div>
      {rule.stopped !== undefined && (
        <ErrorMessage text={`The rule has stopped: ${rule.stopped}`} />
      )}
      {rule.changing === true && (
        <p class="about" role="status">
          A change waits until the acks that are committed are in the log.
        </p>
      )}
      {isDeleting && <Deletion rule={rule} onClose={() => setIsDeleting(false)} />}
      {mayManage && change === "1" ? (
        <RuleForm
          existing={rule}
          onClose={() => setChange("")}
          onDone={() => {
            setChange("");
            refresh();
          }}
        />
      ) : (
        <Facts rule={rule} />
      )}
      <Numbers rule={rule} />
      <nav class="tabs" aria-label="Parts of the rule">
        {tabs.map((one) => (
          <a
            key={one}
            href={hrefTo(`/rules/${segment(rule.name)}`, { tab: one })}
            onClick={(event) => {
              // Keeps what else the address has.
              event.preventDefault();
              setTab(one);
            }}
            {...(one === tab ? { "aria-current": "page" } : {})}
          >
            {names[one]}
          </a>
        ))}
      </nav>
      <IdPanel rule={rule} />
      {tab === "overdue" && <OverdueTab key={String(rule.deadline_ms)} rule={rule} />}
      {tab === "sightings" && <SightingsTab rule={rule} />}
      {tab === "figures" && <FiguresTab rule={rule} />}
    </>
  );
}

function Facts({ rule }: { readonly rule: Rule }) {
  const { topics, app_id: app, output, lag } = rule;
  return (
    <dl class="facts-list">
      <dt>{topics === undefined ? "Events" : "Topics"}</dt>
      <dd>
        {placesOf(rule).map((place, at) => (
          <span key={place}>
            {at > 0 && ", "}
            {topics === undefined ? (
              <SafeText text={place} />
            ) : (
              <a href={hrefTo(`/topics/${segment(place)}`)}>{place}</a>
            )}
          </span>
        ))}
        {app !== undefined && (
          <>
            {" "}
            of <SafeText text={app} />
          </>
        )}
      </dd>
      <dt>Acks go to</dt>
      <dd>
        <a href={hrefTo(`/topics/${segment(output)}`)}>{output}</a>
      </dd>
      <dt>Deadline</dt>
      <dd>
        {renderDeadline(rule)}; an id is remembered for {renderMs(rule.keep_ms)}
      </dd>
      <dt>Lag</dt>
      <dd class={(lag?.lag_s ?? 0) > behindS ? "is-overdue" : ""}>{renderRuleLag(lag)}</dd>
      <dt>Created</dt>
      <dd>
        <Time of={rule.created_at} />
      </dd>
    </dl>
  );
}

function Numbers({ rule }: { readonly rule: Rule }) {
  const send = useCallback(() => readStats(rule.name), [rule.name]);
  const { answer, failure } = usePolled(send, everyMs);
  if (answer === undefined) return <ErrorMessage text={failure} />;
  return (
    <dl class="rule-numbers" aria-label="Ids of the rule">
      {numbersOf(answer).map(([name, value, about]) => (
        <div key={name} class={name === "Overdue" && answer.overdue > 0 ? "card bad" : "card"}>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong>
            <small>{about}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function numbersOf(stats: Stats): readonly (readonly [string, string, string])[] {
  const { p50, p99 } = stats.delay_ms;
  return [
    ["Complete", renderCount(stats.complete), `${renderCount(stats.late)} late`],
    ["Open", renderCount(stats.open), "not seen everywhere yet"],
    ["Overdue", renderCount(stats.overdue), `${renderCount(stats.forgotten)} forgotten`],
    [
      "Median delay",
      p50 === null ? "–" : renderMs(p50),
      p99 === null ? "of acks" : `99 of 100 within ${renderMs(p99)}`,
    ],
  ];
}

function Deletion({ rule, onClose }: { readonly rule: Rule; readonly onClose: () => void }) {
  return (
    <ConfirmName
      title="Delete the ack rule"
      name={rule.name}
      action="Delete the rule"
      onClose={onClose}
      onConfirm={async () => {
        await removeRule(rule.name);
        go("/rules");
      }}
    >
      <p>
        The rule forgets all ids that it has seen. Its acks stay in the topic{" "}
        <code>{rule.output}</code>. A rule of the same name that is created later may acknowledge
        the same ids again: to keep what was seen, change the rule instead.
      </p>
    </ConfirmName>
  );
}
