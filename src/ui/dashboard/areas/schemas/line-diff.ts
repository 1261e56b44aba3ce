/** Lines of two texts beside each other. Loaded with the first comparison: the library comes with it. */

import { diffLines } from "diff";

export interface Side {
  /** From 0. */
  readonly line: number;
  readonly text: string;
}

/** A pair of lines; one side is missing where a line was added or removed. */
export interface LinePair {
  readonly left: Side | undefined;
  readonly right: Side | undefined;
  readonly isChanged: boolean;
}

/** Longer comparisons would keep the page busy. */
const timeoutMs = 2000;

/** Undefined where the texts differ too much to be compared line by line. */
export function pairLines(before: string, after: string): readonly LinePair[] | undefined {
  const parts = diffLines(withEnd(before), withEnd(after), { timeout: timeoutMs });
  if (parts === undefined) return undefined;
  const pairs: LinePair[] = [];
  let left = 0;
  let right = 0;
  let removed: Side[] = [];
  let added: Side[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      pairs.push({ left: removed[at], right: added[at], isChanged: true });
    }
    removed = [];
    added = [];
  };
  for (const part of parts) {
    const lines = part.value.replace(/\n$/, "").split("\n");
    if (part.removed) removed.push(...lines.map((text) => ({ line: left++, text })));
    else if (part.added) added.push(...lines.map((text) => ({ line: right++, text })));
    else {
      flush();
      for (const text of lines) {
        pairs.push({
          left: { line: left++, text },
          right: { line: right++, text },
          isChanged: false,
        });
      }
    }
  }
  flush();
  return pairs;
}

function withEnd(text: string): string {
  const lines = text.replaceAll("\r\n", "\n");
  return lines.endsWith("\n") ? lines : `${lines}\n`;
}

/** A stretch of pairs: those that did not change are folded, except for a few around each change. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly isFolded: boolean;
}

const around = 3;

export function foldUnchanged(pairs: readonly LinePair[]): readonly Stretch[] {
  const isShown = new Uint8Array(pairs.length);
  for (const [at, { isChanged }] of pairs.entries()) {
    if (isChanged) isShown.fill(1, Math.max(0, at - around), at + around + 1);
  }
  const stretches: { from: number; to: number; isFolded: boolean }[] = [];
  for (let at = 0; at < pairs.length; at++) {
    const isFolded = isShown[at] === 0;
    const last = stretches.at(-1);
    if (last?.isFolded === isFolded) last.to = at + 1;
    else stretches.push({ from: at, to: at + 1, isFolded });
  }
  // A fold of one line takes as much room as the line.
  return stretches.map((one) => (one.to - one.from === 1 ? { ...one, isFolded: false } : one));
}
