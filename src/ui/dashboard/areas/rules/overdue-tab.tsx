/** What is overdue under one rule, live. */

import { ErrorMessage } from "../../../error-message.tsx";
import { Empty } from "../../kit/empty.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { Age } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { setQuery } from "../../shell/place.ts";
import type { Rule } from "./api.ts";
import { type OverdueRow, useOverdue } from "./use-overdue.ts";
import { counted } from "./words.ts";

const rowHeight = 44;

export function OverdueTab({ rule }: { readonly rule: Rule }) {
  const { rows, hasMore, more, failure } = useOverdue(rule.name, rule.deadline_ms !== undefined);
  if (rule.deadline_ms === undefined) {
    return (
      <Empty title="No id becomes overdue">
        <p>
          The rule has no deadline. Change it to learn which ids are not seen everywhere in time.
        </p>
      </Empty>
    );
  }
  const now = rows?.filter(({ ended }) => ended === undefined).length ?? 0;
  return (
    <>
      <ErrorMessage text={failure} />
      <p class="about" role="status">
        {rows === undefined
          ? "Reading …"
          : `${counted(now, "overdue id")} shown${hasMore ? ", and more as you scroll" : ""}`}
      </p>
      {rows?.length === 0 && (
        <Empty title="Nothing is overdue">
          <p>Ids that miss their deadline appear here at once, and leave when they are complete.</p>
        </Empty>
      )}
      {rows !== undefined && rows.length > 0 && (
        <VirtualList
          class="overdue-list"
          count={rows.length}
          rowHeight={rowHeight}
          label={`Overdue ids of ${rule.name}`}
          onEnd={more}
          row={(at) => <Row key={rows[at]?.message_id ?? at} row={rows[at]} />}
        />
      )}
    </>
  );
}

function Row({ row }: { readonly row: OverdueRow | undefined }) {
  if (row === undefined) return null;
  const { message_id: id, missing, ended, overdue_since: since } = row;
  return (
    <div role="listitem" class={ended === undefined ? "overdue-row" : "overdue-row ended"}>
      <button type="button" class="plain-link" onClick={() => setQuery({ sel: id })}>
        <SafeText text={id} max={80} />
      </button>
      <span>
        {ended ?? (
          <>
            lacks <SafeText text={missing.join(", ")} max={120} />
          </>
        )}
      </span>
      <span class="number about">
        {since !== undefined && (
          <>
            overdue for <Age of={since} />
          </>
        )}
      </span>
    </div>
  );
}
