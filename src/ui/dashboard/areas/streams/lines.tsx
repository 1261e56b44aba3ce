/** Events as rows of one line: the newest last, followed while the reader is at the end. */

import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { recordEvent, type ShownEvent } from "../../../event.ts";
import { renderCount } from "../../../format.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import type { Line } from "./tail.ts";

/** As `.line` in streams.css. */
const rowHeight = 26;
/** Characters of a row. */
const shownChars = 300;

export function Lines({
  lines,
  label,
  follow,
  showKeys,
  selected,
  onSelect,
  empty,
}: {
  readonly lines: readonly Line[];
  readonly label: string;
  /** Whether newer lines come at the end. */
  readonly follow: boolean;
  /** Whether the lines have different keys. */
  readonly showKeys: boolean;
  readonly selected: string | undefined;
  readonly onSelect: (line: Line | undefined) => void;
  readonly empty: ComponentChildren;
}) {
  /** What is shown while the reader has scrolled away: it must not move. */
  const [held, setHeld] = useState<readonly Line[]>();
  const shown = held ?? lines;
  /** Another list is at its end. */
  const [returns, setReturns] = useState(0);
  const newest = useRef(lines);
  newest.current = lines;
  useEffect(() => setHeld(undefined), [follow]);
  const newer = held === undefined ? 0 : countAfter(lines, held.at(-1)?.id);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") onSelect(undefined);
    if (by === undefined) return;
    event.preventDefault();
    const at = shown.findIndex(({ id }) => id === selected);
    const from = at < 0 ? shown.length - (by > 0 ? 1 : 0) : at;
    const to = Math.min(shown.length - 1, Math.max(0, at < 0 ? shown.length - 1 : from + by));
    setHeld(shown);
    onSelect(shown[to]);
  };
  const toEnd = () => {
    onSelect(undefined);
    setHeld(undefined);
    setReturns(returns + 1);
  };
  const clicked = useRef<(line: Line) => void>(() => {});
  clicked.current = (line) => onSelect(line.id === selected ? undefined : line);
  const [toggle] = useState(() => (line: Line) => clicked.current(line));
  if (lines.length === 0) return <div class="lines-empty">{empty}</div>;
  return (
    <div class="lines">
      <VirtualList
        key={returns}
        count={shown.length}
        rowHeight={rowHeight}
        label={label}
        class="line-list"
        follow={follow && held === undefined}
        onFollow={(atEnd) => {
          if (follow) setHeld(atEnd ? undefined : newest.current);
        }}
        visible={selected === undefined ? undefined : shown.findIndex(({ id }) => id === selected)}
        onKeyDown={move}
        row={(index) => {
          const line = shown[index];
          if (line === undefined) return null;
          return (
            <Row
              key={line.id}
              line={line}
              showKey={showKeys}
              isSelected={line.id === selected}
              onSelect={toggle}
            />
          );
        }}
      />
      {held !== undefined && follow && (
        <button type="button" class="to-end" onClick={toEnd}>
          Not following · {renderCount(newer)} newer ↓
        </button>
      )}
    </div>
  );
}

/** All of them where the last one shown is not in the list any more. */
function countAfter(lines: readonly Line[], id: string | undefined): number {
  return lines.length - 1 - lines.findLastIndex((line) => line.id === id);
}

/** Parsed once, when the row is first drawn. */
const parsed = new WeakMap<Line, ShownEvent>();

function shownEvent(line: Line): ShownEvent {
  let event = parsed.get(line);
  if (event === undefined) parsed.set(line, (event = recordEvent(line.text, line.position)));
  return event;
}

interface RowProps {
  readonly line: Line;
  readonly showKey: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (line: Line) => void;
}

/** Drawn once for a line, and when it is selected: the list is drawn five times a second. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate({ line, showKey, isSelected }: RowProps): boolean {
    const drawn = this.props;
    return line !== drawn.line || showKey !== drawn.showKey || isSelected !== drawn.isSelected;
  }

  override render({ line, showKey, isSelected, onSelect }: RowProps) {
    const { position, time, key } = line;
    if (position === undefined) {
      return (
        <div class="line note" role="listitem">
          <span class="text">{line.text}</span>
        </div>
      );
    }
    const { level, from, text } = shownEvent(line);
    return (
      <div class={`line ${level ?? ""}`} role="listitem">
        <button
          type="button"
          tabIndex={-1}
          aria-pressed={isSelected}
          onClick={() => onSelect(line)}
        >
          <span class="time">{time !== undefined && <Time of={time} show="clock" />}</span>
          {level !== undefined && <span class="level">{level}</span>}
          {showKey && key !== undefined && (
            <span class="key">
              <SafeText text={key} max={40} />
            </span>
          )}
          <span class="text">
            {from !== undefined && (
              <span class="from">
                <SafeText text={from} max={40} />{" "}
              </span>
            )}
            <SafeText text={text} max={shownChars} />
          </span>
          <span class="position" title="Position">
            {position}
          </span>
        </button>
      </div>
    );
  }
}
