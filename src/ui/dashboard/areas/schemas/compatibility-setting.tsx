/** What the next version must preserve: of a subject, or of all that have no setting. */

import { useCallback, useState } from "preact/hooks";
import { messageOf } from "../../../http.ts";
import { usePolled } from "../../kit/polled.ts";
import { may, useMe } from "../../shell/session.ts";
import { compatibilities, readSettings, setCompatibility } from "./registry.ts";

const everyMs = 30_000;

export function CompatibilitySetting({ subject }: { readonly subject: string | undefined }) {
  const me = useMe();
  const send = useCallback(() => readSettings(subject), [subject]);
  const { answer, refresh } = usePolled(send, everyMs);
  const [failure, setFailure] = useState<string>();
  if (answer === undefined) return null;
  const own = answer.own_compatibility;
  const isReadOnly = answer.mode === "READONLY";
  if (!may(me, "manage", subject === undefined ? "subject:*" : `subject:${subject}`)) {
    return (
      <span class="about">
        Compatibility {answer.compatibility}
        {isReadOnly && ", no new versions (READONLY)"}
      </span>
    );
  }
  const set = (value: string) => {
    const chosen = compatibilities.find((one) => one === value) ?? null;
    setFailure(undefined);
    setCompatibility(subject, chosen).then(refresh, (error: unknown) => {
      setFailure(messageOf(error));
      refresh();
    });
  };
  return (
    <span class="compatibility">
      <label class="switch">
        <span>{subject === undefined ? "Compatibility of all" : "Compatibility"}</span>
        <select value={own ?? ""} onChange={(event) => set(event.currentTarget.value)}>
          <option value="">
            {subject === undefined
              ? `Default (${own === null ? answer.compatibility : "BACKWARD"})`
              : `As all (${own === null ? answer.compatibility : "its setting is removed"})`}
          </option>
          {compatibilities.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {isReadOnly && <span class="about">No new versions: its mode is READONLY</span>}
      {failure !== undefined && (
        <span class="failure" role="alert">
          {failure}
        </span>
      )}
    </span>
  );
}
