/** The event that was opened: everything that is known of it. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderBytes } from "../../../format.ts";
import { messageOf } from "../../../http.ts";
import { closesOnEscape } from "../../kit/close-keys.ts";
import { CopyButton } from "../../kit/copy-button.tsx";
import { JsonTree } from "../../kit/json-tree.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import type { Line } from "./tail.ts";

export function Opened({
  line,
  loadWhole,
  onClose,
}: {
  readonly line: Line;
  /** Undefined where only another page has the whole value. */
  readonly loadWhole: ((line: Line) => Promise<string>) | undefined;
  readonly onClose: () => void;
}) {
  const [whole, setWhole] = useState<{ readonly id: string; readonly text: string }>();
  const [failure, setFailure] = useState<string>();
  const { id, position, time, received, key, isCut, size } = line;
  const loaded = whole?.id === id ? whole.text : undefined;
  const load = (loading: Promise<string>) => {
    setFailure(undefined);
    loading.then(
      (text) => setWhole({ id, text }),
      (error: unknown) => setFailure(messageOf(error)),
    );
  };
  const text = loaded ?? line.text;
  return (
    <section class="opened" aria-label="The selected event" onKeyDown={closesOnEscape(onClose)}>
      <div class="opened-head">
        <code>{position}</code>
        {time !== undefined && <Time of={time} />}
        {key !== undefined && (
          <span>
            key <SafeText text={key} max={80} />
          </span>
        )}
        {size !== undefined && <span>{renderBytes(size)}</span>}
        <span class="buttons">
          <CopyButton
            text={text}
            label={isCut && loaded === undefined ? "Copy the start" : "Copy"}
          />
          <button type="button" onClick={onClose}>
            Close
          </button>
        </span>
      </div>
      {received !== undefined && time !== undefined && isLater(received, time) && (
        <p class="about">
          Received <Time of={received} />
        </p>
      )}
      {isCut && loaded === undefined && (
        <p class="about">
          This is the start of {size === undefined ? "the value" : renderBytes(size)}; the rest is
          not shown.{" "}
          {loadWhole !== undefined && (
            <button type="button" onClick={() => load(loadWhole(line))}>
              Show all of it
            </button>
          )}
        </p>
      )}
      <ErrorMessage text={failure} />
      <div class="opened-value">
        <JsonTree text={text} />
      </div>
    </section>
  );
}

/** By more than a second: one of the clocks is wrong, or the event waited. */
function isLater(received: string, time: string): boolean {
  return Math.abs(Date.parse(received) - Date.parse(time)) > 1000;
}
