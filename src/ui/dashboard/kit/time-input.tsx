/** A field for a time as people paste it, which shows how it was read. */

import { useId, useState } from "preact/hooks";
import { gatewayNow } from "../../gateway-time.ts";
import { useZone } from "../shell/zone.ts";
import { readTime, renderTime } from "./time-text.ts";

export function TimeInput({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  /** RFC 3339, or empty for none. */
  readonly value: string;
  /** Called with RFC 3339 in UTC, or with an empty text. */
  readonly onChange: (time: string) => void;
}) {
  const [zone] = useZone();
  const [draft, setDraft] = useState<string>();
  const hint = useId();
  const text = draft ?? (value === "" ? "" : renderTime(value, zone));
  const read = draft === undefined ? undefined : readTime(draft, gatewayNow(), zone);
  const isFaulty = draft !== undefined && draft.trim() !== "" && read === undefined;

  const take = () => {
    if (draft === undefined || isFaulty) return;
    onChange(draft.trim() === "" ? "" : (read?.time ?? ""));
    setDraft(undefined);
  };

  return (
    <label class="time-input">
      <span>{label}</span>
      <input
        value={text}
        spellcheck={false}
        placeholder="15 min ago, or a date"
        title="15 min ago, 2026-11-29 10:02, RFC 3339, or seconds to nanoseconds since 1970"
        aria-describedby={hint}
        aria-invalid={isFaulty}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
          if (event.key === "Escape") setDraft(undefined);
        }}
      />
      <small id={hint} class="over">
        {isFaulty && "Not a time: RFC 3339, a date, digits since 1970, or an age"}
        {read !== undefined && `${renderTime(read.time, zone)}: ${read.as}`}
      </small>
    </label>
  );
}
