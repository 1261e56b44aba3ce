/** A JSON value to open and close, with its numbers as they were written. */

import { useState } from "preact/hooks";
import { parseJson, printJson } from "../../exact-json.ts";
import { SafeText } from "./safe-text.tsx";

const openLevels = 2;
const membersMax = 200;

/** The text itself where it is not JSON. */
export function JsonTree({ text }: { readonly text: string }) {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return (
      <pre class="json-text">
        <SafeText text={text} max={100_000} />
      </pre>
    );
  }
  return (
    <div class="json-tree">
      <Node name={undefined} value={value} level={0} />
    </div>
  );
}

function Node({
  name,
  value,
  level,
}: {
  readonly name: string | undefined;
  readonly value: unknown;
  readonly level: number;
}) {
  const label = name === undefined ? null : <Name text={name} />;
  if (!isBranch(value)) {
    return (
      <div class="json-leaf">
        {label}
        <Leaf value={value} />
      </div>
    );
  }
  return <Branch label={label} value={value} level={level} />;
}

function Branch({
  label,
  value,
  level,
}: {
  readonly label: preact.ComponentChildren;
  readonly value: object;
  readonly level: number;
}) {
  const [isOpen, setIsOpen] = useState(level < openLevels);
  const [shown, setShown] = useState(membersMax);
  const isArray = Array.isArray(value);
  const members: readonly (readonly [string, unknown])[] = Object.entries(value);
  const count = members.length;
  const about = isArray ? `[${count}]` : `{${count}}`;
  return (
    <details open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        {label}
        <span class="json-about">{about}</span>
      </summary>
      {isOpen && (
        <div class="json-members">
          {members.slice(0, shown).map(([key, member]) => (
            <Node key={key} name={key} value={member} level={level + 1} />
          ))}
          {shown < count && (
            <button type="button" onClick={() => setShown(shown + membersMax)}>
              {count - shown} more not shown
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function Name({ text }: { readonly text: string }) {
  return (
    <span class="json-name">
      <SafeText text={text} max={200} />:{" "}
    </span>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  const kind = value === null ? "null" : typeof value;
  return (
    <span class={`json-${kind}`}>
      <SafeText text={printJson(value)} max={20_000} />
    </span>
  );
}

/** A number that JavaScript cannot hold is an object of `JSON.rawJSON`, and prints as it was written. */
function isBranch(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const { isRawJSON } = JSON as { isRawJSON?(value: unknown): boolean };
  return isRawJSON?.call(JSON, value) !== true;
}
