/** Imports of a text that are schemas of the registry. */

import type { Reference } from "./registry.ts";

export function References({
  references,
  onChange,
}: {
  readonly references: readonly Reference[];
  readonly onChange: (references: readonly Reference[]) => void;
}) {
  const set = (at: number, changes: Partial<Reference>) =>
    onChange(references.map((one, i) => (i === at ? { ...one, ...changes } : one)));
  return (
    <fieldset class="references">
      <legend>Imports from the registry</legend>
      {references.map(({ name, subject, version }, at) => (
        <div key={at} class="filters">
          <label>
            <span>Import path</span>
            <input
              required
              spellcheck={false}
              value={name}
              onInput={(event) => set(at, { name: event.currentTarget.value })}
            />
          </label>
          <label>
            <span>Subject</span>
            <input
              required
              spellcheck={false}
              value={subject}
              onInput={(event) => set(at, { subject: event.currentTarget.value })}
            />
          </label>
          <label>
            <span>Version, 0 is the newest</span>
            <input
              type="number"
              min={0}
              value={version}
              onInput={(event) => set(at, { version: Number(event.currentTarget.value) })}
            />
          </label>
          <button
            type="button"
            onClick={() => onChange(references.filter((_, i) => i !== at))}
            aria-label={`Remove the import ${name}`}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => onChange([...references, { name: "", subject: "", version: 0 }])}
      >
        Add an import
      </button>
    </fieldset>
  );
}
