/** The two figures of a rule: when ids were seen and acknowledged, and how long acks took. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { TimeInput } from "../../kit/time-input.tsx";
import { Time } from "../../kit/time.tsx";
import { useQueryText } from "../../shell/place.ts";
import { type Figures, placesOf, readFigures, type Rule } from "./api.ts";
import { Bars } from "./bars.tsx";
import { TimeLines } from "./time-lines.tsx";
import { counted, renderMs } from "./words.ts";

const everyMs = 10_000;
const cells = "120";

export function FiguresTab({ rule }: { readonly rule: Rule }) {
  const [since, setSince] = useQueryText("since");
  const [until, setUntil] = useQueryText("until");
  const send = useCallback(
    () => readFigures(rule.name, { since, until, cells }),
    [rule.name, since, until],
  );
  const { answer, failure } = usePolled(send, everyMs);
  return (
    <>
      <div class="filters">
        <TimeInput label="From; an hour before the end" value={since} onChange={setSince} />
        <TimeInput label="Until; now" value={until} onChange={setUntil} />
      </div>
      <ErrorMessage text={failure} />
      {answer !== undefined && (
        <>
          <Times rule={rule} figures={answer} />
          <Delays figures={answer} />
        </>
      )}
    </>
  );
}

function Times({ rule, figures }: { readonly rule: Rule; readonly figures: Figures }) {
  const { acks, since, until, cell_ms: cellMs } = figures;
  const places = placesOf(rule);
  const lines = [
    ...places.map((name) => ({ name, counts: figures.seen[name] ?? [] })),
    { name: "ack", counts: acks },
  ];
  const total = sum(acks);
  const sentence = `${counted(total, "ack")}; ${places.map((name) => `${renderCount(sum(figures.seen[name] ?? []))} first seen in ${name}`).join(", ")}`;
  return (
    <section class="card figure" aria-labelledby="figure-times">
      <h2 id="figure-times">Ids by the time of their first record, and acks</h2>
      <p class="about">
        <SafeText text={sentence} max={1000} />; a point is {renderMs(cellMs)}
      </p>
      <TimeLines lines={lines} sentence={sentence} />
      <div class="axis">
        <Time of={since} />
        <Time of={until} />
      </div>
      {figures.read_until !== undefined && (
        <p class="about">
          There are too many acks for one answer: read up to <Time of={figures.read_until} />.
          Choose a shorter time.
        </p>
      )}
      <CellTable figures={figures} places={places} />
    </section>
  );
}

function CellTable({
  figures,
  places,
}: {
  readonly figures: Figures;
  readonly places: readonly string[];
}) {
  const { acks, seen, since, cell_ms: cellMs } = figures;
  const used = acks
    .map((_, at) => at)
    .filter((at) => (acks[at] ?? 0) > 0 || places.some((place) => (seen[place]?.[at] ?? 0) > 0));
  const start = Date.parse(since);
  return (
    <details>
      <summary>The same as a table</summary>
      <div class="scroll-x table-box" tabIndex={0} role="region" aria-label="Counts by time">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">From</th>
              {places.map((place) => (
                <th key={place} scope="col" class="number">
                  <SafeText text={place} max={24} />
                </th>
              ))}
              <th scope="col" class="number">
                Acks
              </th>
            </tr>
          </thead>
          <tbody>
            {used.map((at) => (
              <tr key={at}>
                <td>
                  <Time of={new Date(start + at * cellMs).toISOString()} />
                </td>
                {places.map((place) => (
                  <td key={place} class="number">
                    {renderCount(seen[place]?.[at] ?? 0)}
                  </td>
                ))}
                <td class="number">{renderCount(acks[at] ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Delays({ figures }: { readonly figures: Figures }) {
  const { delay_ms: delay, delays } = figures;
  if (delay === null) {
    return (
      <section class="card figure" aria-labelledby="figure-delays">
        <h2 id="figure-delays">Delay of the acks</h2>
        <p class="about">No ack in this time.</p>
      </section>
    );
  }
  const counts = delays.map(({ count }) => count);
  const [low, high] = [delays[0]?.from_ms ?? 0, delays.at(-1)?.to_ms ?? 0];
  const sentence = `Median ${renderMs(delay.p50)}, 9 of 10 within ${renderMs(delay.p90)}, 99 of 100 within ${renderMs(delay.p99)}, at most ${renderMs(delay.max)}`;
  return (
    <section class="card figure" aria-labelledby="figure-delays">
      <h2 id="figure-delays">Delay of the acks</h2>
      <p class="about">
        From an id's last occurrence to its ack. {sentence}. The line is the median; bars grow by a
        factor.
      </p>
      <Bars
        counts={counts}
        highest={Math.max(1, ...counts)}
        wallAt={placeOf(delay.p50, low, high, counts.length)}
        sentence={sentence}
        isLarge
      />
      <div class="axis">
        <span>{renderMs(low)}</span>
        <span>{renderMs(high)}</span>
      </div>
      <details>
        <summary>The same as a table</summary>
        <div class="scroll-x table-box" tabIndex={0} role="region" aria-label="Acks by delay">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col" class="number">
                  Acks
                </th>
              </tr>
            </thead>
            <tbody>
              {delays.map(({ from_ms: from, to_ms: to, count }) => (
                <tr key={from}>
                  <td>{renderMs(from)}</td>
                  <td>{renderMs(to)}</td>
                  <td class="number">{renderCount(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

/** Where a delay lies on the axis of the cells, which is logarithmic. */
function placeOf(ms: number, low: number, high: number, cells: number): number {
  if (high <= low || low <= 0) return cells / 2;
  const share = Math.log(Math.max(ms, low) / low) / Math.log(high / low);
  return Math.min(cells, Math.max(0, share * cells));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
