/** `/ui/rules`: the ack rules, with what each has completed and what is overdue. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolledPages } from "../../kit/polled-pages.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { go, hrefTo, segment, useQueryText } from "../../shell/place.ts";
import { useMe } from "../../shell/session.ts";
import { listRules, placesOf, type Rule } from "./api.ts";
import { RuleForm } from "./rule-form.tsx";
import { behindS, renderDeadline, renderRuleLag } from "./words.ts";

const everyMs = 2000;

export function Page() {
  const me = useMe();
  const [create, setCreate] = useQueryText("create");
  const { rules, failure, hasMore, more, refresh } = useRules();
  const mayCreate = me !== undefined && (!me.closed || me.grants.some(isManage));
  return (
    <div class="page">
      <div class="page-head">
        <h1>Ack rules</h1>
        <a href={hrefTo("/overdue")}>What is overdue everywhere</a>
        {mayCreate && create !== "1" && (
          <button type="button" class="primary" onClick={() => setCreate("1")}>
            Create a rule
          </button>
        )}
      </div>
      {mayCreate && create === "1" && (
        <RuleForm
          existing={undefined}
          onClose={() => setCreate("")}
          onDone={({ name }) => {
            refresh();
            go(`/rules/${segment(name)}`);
          }}
        />
      )}
      <ErrorMessage text={failure} />
      {rules?.length === 0 && create !== "1" && (
        <Empty
          title="No ack rules yet"
          command={`curl -X PUT ${location.origin}/v1/ack-rules/orders -d '{"topics":["topic1","topic2"],"output":"ack","deadline_ms":5000}'`}
        >
          <p>
            A rule gives one acknowledgement per id, as soon as the id was seen in each of several
            topics. With a deadline it says which ids are missing, and where.
          </p>
        </Empty>
      )}
      {rules !== undefined && rules.length > 0 && <RuleTable rules={rules} />}
      {hasMore && (
        <div class="buttons">
          <button type="button" onClick={more}>
            More rules
          </button>
        </div>
      )}
    </div>
  );
}

function isManage(grant: string): boolean {
  return grant === "manage *" || grant.startsWith("manage rule:");
}

function useRules() {
  const read = useCallback((after?: string) => listRules(after), []);
  const { items: rules, ...list } = usePolledPages(read, everyMs, nameOf);
  return { rules, ...list };
}

const nameOf = ({ name }: Rule) => name;

function RuleTable({ rules }: { readonly rules: readonly Rule[] }) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Ack rules">
      <table class="table rules">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Over</th>
            <th scope="col">Deadline</th>
            <th scope="col" class="number">
              Complete
            </th>
            <th scope="col" class="number">
              Open
            </th>
            <th scope="col" class="number">
              Overdue
            </th>
            <th scope="col">Lag</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <RuleRow key={rule.name} rule={rule} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RuleRow({ rule }: { readonly rule: Rule }) {
  const { name, counts, lag, stopped, changing } = rule;
  const path = `/rules/${segment(name)}`;
  return (
    <tr>
      <td>
        <a href={hrefTo(path)}>
          <SafeText text={name} />
        </a>
        {stopped !== undefined && <span class="badge refused">stopped</span>}
        {changing === true && <span class="badge waiting">changing</span>}
      </td>
      <td>
        <SafeText text={placesOf(rule).join(", ")} max={120} />
      </td>
      <td>{renderDeadline(rule)}</td>
      <td class="number">{counts === undefined ? "–" : renderCount(counts.complete)}</td>
      <td class="number">{counts === undefined ? "–" : renderCount(counts.open)}</td>
      <td class="number">
        {counts === undefined ? (
          "–"
        ) : (
          <a
            class={counts.overdue > 0 ? "is-overdue" : ""}
            href={hrefTo(path, { tab: "overdue" })}
            aria-label={`${renderCount(counts.overdue)} overdue of ${name}`}
          >
            {renderCount(counts.overdue)}
          </a>
        )}
      </td>
      <td class={(lag?.lag_s ?? 0) > behindS ? "is-overdue" : "about"}>{renderRuleLag(lag)}</td>
    </tr>
  );
}
