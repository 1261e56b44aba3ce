/** Grants of a key, a row each. */

import { actions, kinds } from "./keys.ts";

export interface GrantRow {
  readonly action: string;
  /** A kind of resource, or `*` for everything. */
  readonly kind: string;
  readonly name: string;
}

export function renderRow({ action, kind, name }: GrantRow): string {
  return kind === "*" ? `${action} *` : `${action} ${kind}:${name.trim()}`;
}

export function GrantsForm({
  rows,
  onChange,
}: {
  readonly rows: readonly GrantRow[];
  readonly onChange: (rows: readonly GrantRow[]) => void;
}) {
  const set = (at: number, changes: Partial<GrantRow>) =>
    onChange(rows.map((one, i) => (i === at ? { ...one, ...changes } : one)));
  return (
    <fieldset class="grants">
      <legend>What it may do</legend>
      {rows.map((row, at) => (
        <div key={at} class="grant-row">
          <label>
            <span>Action</span>
            <select
              value={row.action}
              onChange={(event) => set(at, { action: event.currentTarget.value })}
            >
              {actions.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>On</span>
            <select
              value={row.kind}
              onChange={(event) => set(at, { kind: event.currentTarget.value })}
            >
              <option value="*">everything</option>
              {kinds.map((one) => (
                <option key={one} value={one}>
                  {kindWords[one]}
                </option>
              ))}
            </select>
          </label>
          {row.kind !== "*" && (
            <label class="grant-name">
              <span>Name, or its start and *</span>
              <input
                required
                spellcheck={false}
                maxLength={512}
                placeholder={row.kind === "node" ? "keys" : "orders.*"}
                value={row.name}
                onInput={(event) => set(at, { name: event.currentTarget.value })}
              />
            </label>
          )}
          {rows.length > 1 && (
            <button
              type="button"
              aria-label={`Remove the grant ${renderRow(row)}`}
              onClick={() => onChange(rows.filter((_, i) => i !== at))}
            >
              Remove
            </button>
          )}
        </div>
      ))}
      <button
        type="button"
        onClick={() => onChange([...rows, { action: "read", kind: "topic", name: "" }])}
      >
        Add a grant
      </button>
    </fieldset>
  );
}

const kindWords: Readonly<Record<(typeof kinds)[number], string>> = {
  topic: "topics",
  emitter: "emitters",
  series: "series (tags)",
  app: "apps (lifecycles)",
  subject: "subjects (schemas)",
  rule: "ack rules",
  node: "the gateway: keys, status, metrics",
};
