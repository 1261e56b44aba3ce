/** What a change means to readers, in a word. */

import { SafeText } from "../../kit/safe-text.tsx";
import type { Change } from "./registry.ts";

export function VerdictMark({
  change,
  detailed = false,
}: {
  readonly change: Change;
  /** With the path and what changed, where it stands beside a line. */
  readonly detailed?: boolean;
}) {
  const kind = kindOf(change);
  return (
    <span class={`verdict ${kind}`}>
      <strong>{words[kind]}</strong>
      {detailed && (
        <>
          {" "}
          <code>
            <SafeText text={change.path} max={80} />
          </code>{" "}
          <SafeText text={change.message} max={160} />
        </>
      )}
    </span>
  );
}

function kindOf({ forbidden, breaks }: Change): keyof typeof words {
  if (forbidden) return "forbidden";
  return breaks ? "breaks" : "fine";
}

const words = {
  forbidden: "Forbidden",
  breaks: "Breaks, allowed",
  fine: "Fine",
} as const;
