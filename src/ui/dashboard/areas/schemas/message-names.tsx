/** The first messages that a schema declares, by their full names, and how many more there are. */

import { SafeText } from "../../kit/safe-text.tsx";

export function MessageNames({
  names,
  max,
}: {
  readonly names: readonly string[];
  readonly max: number;
}) {
  return (
    <>
      {names.slice(0, max).map((name, at) => (
        <span key={name}>
          {at > 0 && ", "}
          <code>
            <SafeText text={name} />
          </code>
        </span>
      ))}
      {names.length > max && ` and ${names.length - max} more`}
    </>
  );
}
