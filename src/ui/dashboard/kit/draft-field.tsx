/** A field whose text counts once Enter was pressed, or the field was left; Escape takes it back. */

import { useId, useState } from "preact/hooks";

export function DraftField({
  label,
  name,
  value,
  onTake,
  placeholder,
  failure,
  wide = false,
  offered = [],
}: {
  readonly label: string;
  readonly name: string;
  readonly value: string | undefined;
  /** Called with another text than before; undefined: with none. */
  readonly onTake: (text: string | undefined) => void;
  readonly placeholder?: string;
  readonly failure?: string | undefined;
  readonly wide?: boolean;
  readonly offered?: readonly string[];
}) {
  const [draft, setDraft] = useState<string>();
  const id = useId();
  const take = () => {
    if (draft !== undefined && draft !== (value ?? "")) onTake(draft === "" ? undefined : draft);
    setDraft(undefined);
  };
  return (
    <label class={wide ? "wide" : ""}>
      <span>{label}</span>
      <input
        type="search"
        name={name}
        value={draft ?? value ?? ""}
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        list={offered.length === 0 ? undefined : `${id}-used`}
        aria-invalid={failure !== undefined}
        aria-describedby={failure === undefined ? undefined : id}
        onInput={({ currentTarget }) => setDraft(currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
          if (event.key === "Escape") setDraft(undefined);
        }}
      />
      {offered.length > 0 && (
        <datalist id={`${id}-used`}>
          {offered.map((text) => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
      {failure !== undefined && (
        <small id={id} class="bad over">
          {failure}
        </small>
      )}
    </label>
  );
}
