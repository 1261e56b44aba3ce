/** The same as the timeline's drawing, as a table with every digit. */

import { SafeText } from "../../../kit/safe-text.tsx";
import { Time } from "../../../kit/time.tsx";
import { timeOf } from "../duration.ts";
import { ghostsOf } from "./ghosts.ts";
import { nameOf, type Row, rowsOf } from "./rows.ts";
import type { TimelineProps } from "./timeline.tsx";

export function TimelineTable({
  lifecycle,
  app,
  funnel,
  nowNs,
  clock,
}: Omit<TimelineProps, "selected" | "onSelect">) {
  const ghosts = ghostsOf({ lifecycle, app, funnel, nowNs });
  return (
    <details>
      <summary>The timeline as a table</summary>
      <div class="scroll-x" tabIndex={0} role="group" aria-label="The timeline as a table">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col" class="number">
                Count
              </th>
              <th scope="col">First</th>
              <th scope="col">Last</th>
              <th scope="col">First received</th>
              <th scope="col">Last received</th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(lifecycle.events, ghosts, clock).map((row) => (
              <tr key={nameOf(row)}>
                <th scope="row">
                  <SafeText text={nameOf(row)} max={260} />
                </th>
                <Cells row={row} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Cells({ row }: { readonly row: Row }) {
  if (row.kind === "ghost") {
    const { reason, usualNs } = row.ghost;
    return (
      <>
        <td class="number">0</td>
        <td colSpan={4}>
          Missing: {reason}
          {usualNs !== undefined && (
            <>
              , usually by <Time of={timeOf(usualNs)} />
            </>
          )}
        </td>
      </>
    );
  }
  const { count, first_at, last_at, received_first_at, received_last_at } = row.seen;
  return (
    <>
      <td class="number">{count}</td>
      {[first_at, last_at, received_first_at, received_last_at].map((time, at) => (
        <td key={at}>{time === null ? "not kept" : <Time of={time} />}</td>
      ))}
    </>
  );
}
