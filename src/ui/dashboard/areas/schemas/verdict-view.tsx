/** Whether a text may be the next version, and every reason why not. */

import { SafeText } from "../../kit/safe-text.tsx";
import { MessageNames } from "./message-names.tsx";
import type { Verdict } from "./registry.ts";

export function VerdictView({ verdict }: { readonly verdict: Verdict }) {
  const { compatible, compatibility, existing, messages, reasons, more } = verdict;
  return (
    <>
      {existing !== null && (
        <p class="verdict fine">
          <strong>Registered already</strong> as version {existing.version}, id {existing.id}
        </p>
      )}
      {existing === null && compatible && (
        <p class="verdict fine">
          <strong>It may be registered</strong>: {compatibility} holds
        </p>
      )}
      {!compatible && (
        <p class="verdict forbidden">
          <strong>Incompatible</strong>: {compatibility} does not hold, for{" "}
          {reasons.length === 1 ? "one reason" : `${reasons.length} reasons`}
          {more && " and more"}
        </p>
      )}
      <ul class="reasons">
        {reasons.slice(0, 200).map((one, at) => (
          <li key={at}>
            <code>
              <SafeText text={one.path} />
            </code>{" "}
            <SafeText text={one.message} max={600} />
            <br />
            <span class="about">
              {one.type} ·{" "}
              {one.direction === "BACKWARD"
                ? `it does not read what version ${one.version} wrote`
                : `version ${one.version} does not read what it writes`}
            </span>
          </li>
        ))}
      </ul>
      {reasons.length > 200 && <p class="about">{reasons.length - 200} more not shown</p>}
      {messages.length > 0 && (
        <p class="about">
          Declares <MessageNames names={messages} max={10} />
        </p>
      )}
    </>
  );
}
