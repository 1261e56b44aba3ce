/** A text from outside: cut where it is long, invisible characters as marks, never markup. */

import { renderCount } from "../../format.ts";
import { visibleParts } from "./visible-text.ts";

export function SafeText({
  text,
  max = 300,
}: {
  readonly text: string;
  /** Characters that are shown. */
  readonly max?: number;
}) {
  const shown = text.length > max ? text.slice(0, max) : text;
  return (
    <bdi class="safe-text">
      {visibleParts(shown).map((part, at) =>
        part.isMark ? (
          <span key={at} class="mark">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
      {shown.length < text.length && (
        <span class="mark"> … {renderCount(text.length - shown.length)} more not shown</span>
      )}
    </bdi>
  );
}
