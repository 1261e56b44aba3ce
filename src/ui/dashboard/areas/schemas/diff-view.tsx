/** Two versions beside each other, with what each change means to readers. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import type { LinePair, Side, Stretch } from "./line-diff.ts";
import { linesOfPaths } from "./places.ts";
import { type Change, type Changes, readChanges, readVersion } from "./registry.ts";
import { VerdictMark } from "./verdict-mark.tsx";

const everyMs = 30_000;
const rowsMax = 2000;
const lineMax = 1000;

interface Compared {
  readonly changes: Changes;
  readonly pairs: readonly LinePair[] | undefined;
  readonly stretches: readonly Stretch[];
  /** By the line of the earlier text, and of the later one. */
  readonly left: ReadonlyMap<number, readonly Change[]>;
  readonly right: ReadonlyMap<number, readonly Change[]>;
}

async function compare(subject: string, from: number, to: number): Promise<Compared> {
  const [changes, before, after, { pairLines, foldUnchanged }] = await Promise.all([
    readChanges(subject, from, to),
    readVersion(subject, from),
    readVersion(subject, to),
    import("./line-diff.ts"),
  ]);
  const pairs = pairLines(before.text, after.text);
  const left = new Map<number, Change[]>();
  const right = new Map<number, Change[]>();
  const earlier = linesOfPaths(before.text);
  const later = linesOfPaths(after.text);
  for (const change of changes.changes) {
    const line = later.get(change.path);
    const lineBefore = earlier.get(change.path);
    if (line !== undefined) push(right, line, change);
    else if (lineBefore !== undefined) push(left, lineBefore, change);
  }
  return { changes, pairs, stretches: foldUnchanged(pairs ?? []), left, right };
}

/** Of a path that changed in both directions, the worse verdict stands at the line. */
function push(map: Map<number, Change[]>, line: number, change: Change): void {
  const known = map.get(line) ?? [];
  map.set(line, known);
  const at = known.findIndex((one) => one.path === change.path);
  const other = known[at];
  if (other === undefined) known.push(change);
  else if (rank(change) > rank(other)) known[at] = change;
}

function rank({ forbidden, breaks }: Change): number {
  return Number(forbidden) + Number(breaks);
}

export function DiffView({
  subject,
  from,
  to,
}: {
  readonly subject: string;
  readonly from: number;
  readonly to: number;
}) {
  const send = useCallback(() => compare(subject, from, to), [subject, from, to]);
  const { answer, failure } = usePolled(send, everyMs);
  if (answer === undefined || answer.changes.from !== from || answer.changes.to !== to) {
    return <ErrorMessage text={failure} />;
  }
  const { changes } = answer;
  return (
    <>
      <ErrorMessage text={failure} />
      <Summary changes={changes} />
      {answer.pairs === undefined ? (
        <p class="about">These texts differ too much to stand beside each other line by line.</p>
      ) : (
        <Lines compared={answer} pairs={answer.pairs} />
      )}
    </>
  );
}

function Summary({
  changes: { changes, compatibility, from, to, more },
}: {
  readonly changes: Changes;
}) {
  const forbidden = changes.filter((one) => one.forbidden).length;
  const breaking = changes.filter((one) => one.breaks).length;
  return (
    <>
      <p>
        {changes.length === 0
          ? `Version ${to} means the same as version ${from}: only comments, order or spaces differ.`
          : `${renderCount(changes.length)}${more ? " or more" : ""} differences from version ${from} to version ${to}, both ways: ${breaking} break a reader, ${forbidden} of them against ${compatibility}.`}
      </p>
      {changes.length > 0 && (
        <div class="scroll-x">
          <table class="table">
            <caption class="for-readers">What changed, and what it means to readers</caption>
            <thead>
              <tr>
                <th scope="col">Verdict</th>
                <th scope="col">Path</th>
                <th scope="col">What changed</th>
              </tr>
            </thead>
            <tbody>
              {changes.slice(0, 200).map((one, at) => (
                <tr key={at}>
                  <td>
                    <VerdictMark change={one} />
                  </td>
                  <td>
                    <code>
                      <SafeText text={one.path} />
                    </code>
                  </td>
                  <td>
                    <SafeText text={one.message} />{" "}
                    <span class="about">
                      {one.type} · {directionWords[one.direction]}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {changes.length > 200 && <p class="about">{changes.length - 200} more not shown</p>}
        </div>
      )}
    </>
  );
}

const directionWords = {
  BACKWARD: "the later version reads what the earlier wrote",
  FORWARD: "the earlier version reads what the later writes",
} as const;

function Lines({
  compared: { stretches, left, right },
  pairs,
}: {
  readonly compared: Compared;
  readonly pairs: readonly LinePair[];
}) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  useEffect(() => setOpen(new Set()), [pairs]);
  const [shownMax, setShownMax] = useState(rowsMax);
  const rows = useMemo(
    () =>
      stretches.flatMap(({ from, to, isFolded }): (LinePair | Stretch)[] =>
        isFolded && !open.has(from) ? [{ from, to, isFolded }] : pairs.slice(from, to),
      ),
    [stretches, open, pairs],
  );
  return (
    <div class="scroll-x diff">
      <table>
        <caption class="for-readers">
          The earlier text and the later one, beside each other, and verdicts of changes
        </caption>
        <thead class="for-readers">
          <tr>
            <th scope="col">Line before</th>
            <th scope="col">Text before</th>
            <th scope="col">Line after</th>
            <th scope="col">Text after</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shownMax).map((row) =>
            "isFolded" in row ? (
              <tr key={`fold ${row.from}`} class="fold">
                <td colSpan={5}>
                  <button type="button" onClick={() => setOpen(new Set([...open, row.from]))}>
                    {row.to - row.from} unchanged lines
                  </button>
                </td>
              </tr>
            ) : (
              <tr
                key={`${row.left?.line} ${row.right?.line}`}
                class={row.isChanged ? "changed" : ""}
              >
                <Half side={row.left} kind="removed" isChanged={row.isChanged} />
                <Half side={row.right} kind="added" isChanged={row.isChanged} />
                <td class="verdicts">
                  {[
                    ...((row.right && right.get(row.right.line)) ?? []),
                    ...((row.left && left.get(row.left.line)) ?? []),
                  ].map((change, at) => (
                    <VerdictMark key={at} change={change} detailed />
                  ))}
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      {rows.length > shownMax && (
        <button type="button" onClick={() => setShownMax(shownMax + rowsMax)}>
          {renderCount(rows.length - shownMax)} more lines not shown
        </button>
      )}
    </div>
  );
}

function Half({
  side,
  kind,
  isChanged,
}: {
  readonly side: Side | undefined;
  readonly kind: "removed" | "added";
  readonly isChanged: boolean;
}) {
  if (side === undefined) {
    return (
      <>
        <td class="line-number" />
        <td class="absent" />
      </>
    );
  }
  return (
    <>
      <td class="line-number">{side.line + 1}</td>
      <td class={isChanged ? kind : ""}>
        {isChanged && <span class="for-readers">{kind}: </span>}
        <SafeText text={side.text} max={lineMax} />
      </td>
    </>
  );
}
