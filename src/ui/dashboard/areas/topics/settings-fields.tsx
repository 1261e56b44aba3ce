/** The settings of a topic as fields: of a new one, or of one that exists. */

import type { SchemaRule, Settings, Topic } from "./topics-api.ts";

export interface Draft {
  readonly days: string;
  readonly mebibytes: string;
  readonly layout: Topic["layout"];
  readonly schema: SchemaRule;
}

const dayMs = 86_400_000;
const mebi = 1024 * 1024;

export function draftOf({ retention_ms, retention_bytes, layout, schema }: Topic): Draft {
  return {
    days: String(retention_ms / dayMs),
    mebibytes: String(retention_bytes / mebi),
    layout,
    schema,
  };
}

export const newDraft: Draft = { days: "", mebibytes: "", layout: "records", schema: "none" };

/** An empty field keeps what the topic has, or is the gateway's default. */
export function settingsOf({ days, mebibytes, layout, schema }: Draft): Settings {
  return {
    layout,
    schema,
    ...(days.trim() === "" ? {} : { retention_ms: Math.round(Number(days) * dayMs) }),
    ...(mebibytes.trim() === "" ? {} : { retention_bytes: Math.round(Number(mebibytes) * mebi) }),
  };
}

export function SettingsFields({
  draft,
  isNew,
  onChange,
}: {
  readonly draft: Draft;
  readonly isNew: boolean;
  readonly onChange: (draft: Draft) => void;
}) {
  return (
    <>
      <label>
        <span>Days for which records are kept</span>
        <input
          type="number"
          min="0"
          step="any"
          placeholder={isNew ? "the gateway's default" : ""}
          value={draft.days}
          onInput={(event) => onChange({ ...draft, days: event.currentTarget.value })}
        />
        <small>0 keeps them, whatever their age.</small>
      </label>
      <label>
        <span>MiB that are kept</span>
        <input
          type="number"
          min="0"
          step="any"
          placeholder={isNew ? "the gateway's default" : ""}
          value={draft.mebibytes}
          onInput={(event) => onChange({ ...draft, mebibytes: event.currentTarget.value })}
        />
        <small>Past it the oldest records are dropped; 0 sets no limit.</small>
      </label>
      <label>
        <span>Schema rule</span>
        <select
          value={draft.schema}
          onChange={(event) =>
            onChange({ ...draft, schema: event.currentTarget.value as SchemaRule })
          }
        >
          <option value="none">none: records may be anything</option>
          <option value="id">id: they name a schema</option>
          <option value="validated">validated: they are a message of it</option>
        </select>
        {!isNew && (
          <small>
            Another rule counts for records that come from then on, on all nodes within a second.
          </small>
        )}
      </label>
      {isNew && (
        <label>
          <span>Layout</span>
          <select
            value={draft.layout}
            onChange={(event) =>
              onChange({ ...draft, layout: event.currentTarget.value as Topic["layout"] })
            }
          >
            <option value="records">records: one key is cheap to read</option>
            <option value="frames">frames: for high rates</option>
          </select>
          <small>It cannot be changed afterwards.</small>
        </label>
      )}
      {!isNew && (
        <p class="about">
          The layout ({draft.layout}) is how the records are stored, so it cannot be changed. For
          another one, create another topic with it and send the records of this one there.
        </p>
      )}
    </>
  );
}
