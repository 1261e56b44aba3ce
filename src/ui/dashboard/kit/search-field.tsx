/** A field that searches a list by a part of its names, once the reader pauses. */

import { useEffect, useState } from "preact/hooks";

const searchMs = 250;

export function SearchField({
  text,
  charsMax,
  onSearch,
}: {
  /** What the list is searched for now. */
  readonly text: string;
  readonly charsMax: number;
  readonly onSearch: (text: string) => void;
}) {
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  useEffect(() => {
    if (draft === text) return undefined;
    const timer = setTimeout(() => onSearch(draft), searchMs);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <label>
      <span>Part of the name</span>
      <input
        type="search"
        spellcheck={false}
        value={draft}
        maxLength={charsMax}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
    </label>
  );
}
