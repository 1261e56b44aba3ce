/** In which topics the unfinished ids were seen, and how much time they have left: a row for each combination. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { Empty } from "../../kit/empty.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Age } from "../../kit/time.tsx";
import { setQuery } from "../../shell/place.ts";
import {
  type Combination,
  type Combinations,
  placesOf,
  readCombinations,
  type Rule,
} from "./api.ts";
import { Bars } from "./bars.tsx";
import { counted, renderMs } from "./words.ts";

const everyMs = 2000;

export function SightingsTab({ rule }: { readonly rule: Rule }) {
  const send = useCallback(() => readCombinations(rule.name), [rule.name]);
  const { answer, failure } = usePolled(send, everyMs);
  return (
    <>
      <ErrorMessage text={failure} />
      {answer?.combinations.length === 0 && (
        <Empty title="No id is open">
          <p>
            Every id that was seen is complete. Ids that were seen in some places and not in others
            appear here, by the places.
          </p>
        </Empty>
      )}
      {answer !== undefined && answer.combinations.length > 0 && (
        <Matrix rule={rule} answer={answer} />
      )}
    </>
  );
}

function Matrix({ rule, answer }: { readonly rule: Rule; readonly answer: Combinations }) {
  const { combinations, time_left: axis } = answer;
  const places = placesOf(rule);
  const highest = Math.max(1, ...combinations.flatMap(({ time_left: counts }) => counts ?? []));
  return (
    <>
      <p class="about" role="status">
        {sentence(answer)}
      </p>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Sightings">
        <table class="table sightings">
          <thead>
            <tr>
              {places.map((place) => (
                <th key={place} scope="col" class="place">
                  <SafeText text={place} max={24} />
                </th>
              ))}
              <th scope="col" class="number">
                Open
              </th>
              <th scope="col" class="number">
                Overdue
              </th>
              <th scope="col">Oldest</th>
              {axis !== undefined && <th scope="col">Time left</th>}
            </tr>
          </thead>
          <tbody>
            {combinations.map((one) => (
              <MatrixRow
                key={one.seen.join("\n")}
                {...{ places, one, highest }}
                cellMs={axis?.cell_ms}
              />
            ))}
          </tbody>
        </table>
      </div>
      {axis !== undefined && (
        <p class="about">
          All drawings have one axis: on the left what is overdue by up to {renderMs(-axis.from_ms)}{" "}
          or more, the line in the middle is the deadline, on the right what has up to{" "}
          {renderMs(-axis.from_ms)} left. A bar is {renderMs(axis.cell_ms)} wide.
        </p>
      )}
    </>
  );
}

function MatrixRow({
  places,
  one,
  highest,
  cellMs,
}: {
  readonly places: readonly string[];
  readonly one: Combination;
  readonly highest: number;
  readonly cellMs: number | undefined;
}) {
  const { open, overdue, oldest, time_left: counts } = one;
  return (
    <tr>
      {places.map((place) => {
        const isSeen = one.seen.includes(place);
        return (
          <td key={place} class={isSeen ? "place seen" : "place"}>
            <span aria-hidden="true">{isSeen ? "●" : "○"}</span>
            <span class="for-readers">{isSeen ? "seen" : "not seen"}</span>
          </td>
        );
      })}
      <td class="number">{renderCount(open)}</td>
      <td class={overdue > 0 ? "number is-overdue" : "number"}>{renderCount(overdue)}</td>
      <td>
        <button
          type="button"
          class="plain-link"
          onClick={() => setQuery({ sel: oldest.message_id })}
        >
          <SafeText text={oldest.message_id} max={40} />
        </button>{" "}
        <Age of={oldest.first_seen} />
      </td>
      {counts !== undefined && cellMs !== undefined && (
        <td>
          <Bars
            counts={counts}
            highest={highest}
            wallAt={counts.length / 2}
            sentence={leftSentence(one, counts, cellMs)}
          />
        </td>
      )}
    </tr>
  );
}

function sentence({ combinations, counted: looked, more, others }: Combinations): string {
  const overdue = combinations.reduce((sum, one) => sum + one.overdue, 0);
  const open = combinations.reduce((sum, one) => sum + one.open, 0);
  const parts = [
    `${counted(open, "open id")} and ${counted(overdue, "overdue id")} in ${counted(combinations.length, "combination")}`,
    others > 0 ? `${counted(others, "id")} in other combinations` : "",
    more ? `of the ${renderCount(looked)} most urgent ids; there are more` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** The same as the bars: how many are past the deadline, and how many are close to it. */
function leftSentence(one: Combination, counts: readonly number[], cellMs: number): string {
  const middle = counts.length / 2;
  const near = counts.slice(middle, middle + 3).reduce((sum, count) => sum + count, 0);
  const seen = one.seen.length === 0 ? "nowhere" : `in ${one.seen.join(", ")} alone`;
  return `Seen ${seen}: ${renderCount(one.overdue)} past the deadline, ${renderCount(near)} with less than ${renderMs(3 * cellMs)} left, ${renderCount(one.open)} open in all`;
}
