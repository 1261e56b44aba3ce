/**
 * What one is not looking at: a thin bar beside the list, as high as the topic. A click on what was not
 * read yet reads on there. The numbers above the list say the same in words.
 */

import { renderCount } from "../../../format.ts";
import type { ReaderState, RecordsReader } from "./reader.ts";

const height = 1000;

interface Part {
  readonly name: "unread" | "released" | "passed" | "drawn";
  readonly records: number;
  readonly words: string;
}

export function ContinuityBar({
  state,
  reader,
}: {
  readonly state: ReaderState;
  readonly reader: RecordsReader;
}) {
  const parts = partsOf(state);
  const all = parts.reduce((sum, { records }) => sum + records, 0);
  if (all === 0) return null;
  let y = 0;
  const readOn = () => (state.hasLater ? reader.later() : reader.earlier());
  return (
    <svg
      class="continuity"
      viewBox={`0 0 10 ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={parts.map(({ words }) => words).join(", ")}
    >
      {parts.map(({ name, records, words }) => {
        const top = y;
        const size = (records / all) * height;
        y += size;
        return (
          <rect
            key={name}
            class={name}
            x="0"
            y={top}
            width="10"
            height={size}
            onClick={name === "unread" ? readOn : undefined}
          >
            <title>{words}</title>
          </rect>
        );
      })}
      {gapsOf(state, parts, all).map((at) => (
        <rect key={at} class="gap" x="0" y={at} width="10" height="6">
          <title>records are gone here</title>
        </rect>
      ))}
    </svg>
  );
}

/** From the oldest on. */
function partsOf({ rows, counts, hasEarlier, hasLater }: ReaderState): readonly Part[] {
  const drawn = rows.filter(({ kind }) => kind === "record").length;
  const { kept, scanned, released, passed } = counts;
  const rest = hasEarlier || hasLater ? Math.max(0, kept - scanned) : 0;
  const unread = part("unread", rest, "not read yet");
  const read = [
    part("released", released, "read, and no longer in the list"),
    part("passed", passed, "passed over by the filter"),
    part("drawn", drawn, "in the list"),
  ];
  const all = hasLater ? [...read, unread] : [unread, ...read];
  return all.filter(({ records }) => records > 0);
}

function part(name: Part["name"], records: number, what: string): Part {
  return { name, records, words: `${renderCount(records)} ${what}` };
}

/** Where gaps lie in the part that is in the list. */
function gapsOf({ rows }: ReaderState, parts: readonly Part[], all: number): readonly number[] {
  const drawn = parts.findIndex(({ name }) => name === "drawn");
  if (drawn < 0) return [];
  const before = parts.slice(0, drawn).reduce((sum, { records }) => sum + records, 0);
  const size = parts[drawn]?.records ?? 0;
  return rows.flatMap(({ kind }, at) =>
    kind === "gap" ? [((before + (at / rows.length) * size) / all) * height] : [],
  );
}
