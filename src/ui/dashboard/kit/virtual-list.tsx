/** A list of any length, of which the visible rows exist. All rows have the same height. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Rows beyond both edges, so that scrolling shows no empty stripe. */
const beyond = 8;

export interface VirtualListProps {
  readonly count: number;
  /** In pixels; must be what the style sheet gives to the rows. */
  readonly rowHeight: number;
  readonly label: string;
  /** Draws one row, with its key. Give it `aria-rowindex` or the like where the place matters. */
  readonly row: (index: number) => ComponentChildren;
  /** The row that must be visible; scrolled to when it changes. */
  readonly visible?: number | undefined;
  /** Called with the rows that are on the screen, without `last`: to request what they alone need. */
  readonly onRange?: (first: number, last: number) => void;
  /** Called when the last rows are on the screen: to load more. */
  readonly onEnd?: () => void;
  /** Stays at the end while rows are added, unless the reader has scrolled away. */
  readonly follow?: boolean;
  /** Whether the reader is at the end; called when it changes. */
  readonly onFollow?: (atEnd: boolean) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly class?: string;
}

/** Closer to the end than this is at the end. */
const atEndPx = 24;

export function VirtualList(props: VirtualListProps) {
  const { count, rowHeight, label, row, visible, onRange, onEnd, follow, onFollow } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const atEnd = useRef(true);
  const follows = useRef(false);
  follows.current = follow === true;

  const firstSeen = Math.min(count, Math.floor(view.top / rowHeight));
  const lastSeen = Math.min(count, Math.ceil((view.top + view.height) / rowHeight));
  const first = Math.max(0, firstSeen - beyond);
  const last = Math.min(count, lastSeen + beyond);

  const measure = () => {
    const element = box.current;
    if (element === null) return;
    const { scrollTop: top, clientHeight: height, scrollHeight } = element;
    setView((old) => (old.top === top && old.height === height ? old : { top, height }));
    const isAtEnd = scrollHeight - top - height < atEndPx;
    if (isAtEnd !== atEnd.current) {
      atEnd.current = isAtEnd;
      onFollow?.(isAtEnd);
    }
  };

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    // Also where the box changes its height: who is at the end stays there.
    const keep = () => {
      if (follows.current && atEnd.current) element.scrollTop = element.scrollHeight;
      measure();
    };
    keep();
    const observer = new ResizeObserver(keep);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || follow !== true) return;
    if (atEnd.current) element.scrollTop = element.scrollHeight;
    measure();
  }, [count, follow]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || visible === undefined || visible < 0) return;
    const top = visible * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  }, [visible, rowHeight]);
  useLayoutEffect(() => {
    onRange?.(firstSeen, lastSeen);
    if (last >= count && count > 0) onEnd?.();
  }, [firstSeen, lastSeen, last, count]);

  const rows: ComponentChildren[] = [];
  for (let index = first; index < last; index++) rows.push(row(index));
  return (
    <div
      ref={box}
      class={`virtual-list ${props.class ?? ""}`}
      role="list"
      aria-label={label}
      tabIndex={0}
      onScroll={measure}
      onKeyDown={props.onKeyDown}
    >
      <Spacer height={first * rowHeight} />
      {rows}
      <Spacer height={(count - last) * rowHeight} />
    </div>
  );
}

/** Its height is set by script, because the policy of the page allows no style attribute. */
function Spacer({ height }: { readonly height: number }) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    element.current?.style.setProperty("height", `${height}px`);
  }, [height]);
  return <div ref={element} class="spacer" role="presentation" />;
}
