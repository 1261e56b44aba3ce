/** The funnel: how many messages reach each stage, who drops off, and how long it takes. */

import { renderCount } from "../../../format.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo } from "../../shell/place.ts";
import type { Funnel, FunnelStage } from "./api.ts";
import { nsFromMs, renderSpan } from "./duration.ts";

export function FunnelTable({
  funnel,
  appId,
}: {
  readonly funnel: Funnel;
  readonly appId: string;
}) {
  const { lifecycles, more, stages } = funnel;
  if (lifecycles === 0) return <p class="about">No message began in this time.</p>;
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label="Funnel">
      <table class="table funnel">
        <caption class="about">
          {more
            ? `The newest ${renderCount(lifecycles)} messages that began in this time. There are more.`
            : `${renderCount(lifecycles)} messages began in this time.`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Reached</th>
            <th scope="col" class="number">
              Messages
            </th>
            <th scope="col" class="number">
              Lack it
            </th>
            <th scope="col" class="number">
              Repeats
            </th>
            <th scope="col" class="number">
              p50 after the one before
            </th>
            <th scope="col" class="number">
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage) => (
            <StageRow key={stage.event} stage={stage} lifecycles={lifecycles} appId={appId} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StageRow({
  stage: { event, reached, repeats, delay_ms: delay },
  lifecycles,
  appId,
}: {
  readonly stage: FunnelStage;
  readonly lifecycles: number;
  readonly appId: string;
}) {
  const lacking = lifecycles - reached;
  const share = reached / lifecycles;
  return (
    <tr>
      <th scope="row">
        <SafeText text={event} max={60} />
      </th>
      <td class="funnel-bar">
        <svg height={14} aria-hidden="true">
          <rect class="whole" width="100%" height={14} rx={3} />
          <rect class="part" width={`${share * 100}%`} height={14} rx={3} />
        </svg>
        {percent(share)}
      </td>
      <td class="number">{renderCount(reached)}</td>
      <td class="number">
        {lacking === 0 ? (
          "0"
        ) : (
          <a href={hrefTo("/messages", { app: appId, missing: event })}>
            {renderCount(lacking)} ({percent(1 - share)})
          </a>
        )}
      </td>
      <td class="number">{renderCount(repeats)}</td>
      <td class="number">{delay === null ? "—" : renderSpan(nsFromMs(delay.p50))}</td>
      <td class="number">{delay === null ? "—" : renderSpan(nsFromMs(delay.p99))}</td>
    </tr>
  );
}

/** Not rounded to all or none where it is neither. */
export function percent(share: number): string {
  const tenths = Math.round(share * 1000);
  const shown = share > 0 && share < 1 ? Math.min(999, Math.max(1, tenths)) : tenths;
  return `${shown / 10} %`;
}
