/** Sends many records of this topic to another one: counted first, then as a job of the gateway. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { SubmitButton, useWork, WorkButton, WorkForm } from "../../../work.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { usePlace } from "../../shell/place.ts";
import { type CopyPreview, type CopyRequest, createCopy, previewCopy } from "./copies-api.ts";

export function CopyForm({
  topic,
  onCreated,
}: {
  readonly topic: string;
  readonly onCreated: () => void;
}) {
  const { query } = usePlace();
  const [to, setTo] = useState("");
  const [rate, setRate] = useState("100");
  const [key, setKey] = useState(query.get("key") ?? "");
  const [where, setWhere] = useState(query.get("where") ?? "");
  const [text, setText] = useState(query.get("text") ?? "");
  const [preview, setPreview] = useState<{ readonly of: string; readonly found: CopyPreview }>();
  const work = useWork(to !== "");
  const asked: CopyRequest = {
    to,
    rate: Number(rate),
    ...(key === "" ? {} : { key }),
    ...(where === "" ? {} : { where }),
    ...(text === "" ? {} : { text }),
  };
  const of = JSON.stringify(asked);
  const counted = preview?.of === of ? preview.found : undefined;
  const count = async () => setPreview({ of, found: await previewCopy(topic, asked) });
  const create = async () => {
    await createCopy(topic, asked);
    setPreview(undefined);
    onCreated();
  };
  return (
    <WorkForm work={work} onSubmit={count}>
      <label>
        <span>To topic</span>
        <input
          required
          spellcheck={false}
          maxLength={200}
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      <Field label="Only this key" value={key} onInput={setKey} />
      <Field
        label="Only where this CEL expression is true"
        placeholder="value.total > 100"
        value={where}
        onInput={setWhere}
      />
      <Field label="Only with this text" value={text} onInput={setText} />
      <label>
        <span>Records a second at most</span>
        <input
          type="number"
          min="1"
          max="10000"
          required
          value={rate}
          onInput={(event) => setRate(event.currentTarget.value)}
        />
      </label>
      <ErrorMessage text={work.failure} />
      <div aria-live="polite">{counted !== undefined && <Counted found={counted} to={to} />}</div>
      <div class="buttons">
        <SubmitButton work={work} class="">
          Count first
        </SubmitButton>
        {counted !== undefined && counted.matched > 0 && (
          <WorkButton work={work} class="primary" onPress={create}>
            Send {counted.whole ? `these ${renderCount(counted.matched)}` : "them"} to {to}
          </WorkButton>
        )}
      </div>
    </WorkForm>
  );
}

function Field({
  label,
  placeholder = "",
  value,
  onInput,
}: {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}) {
  return (
    <label>
      <span>{label}</span>
      <input
        spellcheck={false}
        placeholder={placeholder}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

function Counted({ found, to }: { readonly found: CopyPreview; readonly to: string }) {
  const { read, matched, refused, last_refusal: lastRefusal, whole } = found;
  return (
    <p>
      {renderCount(matched)} of {renderCount(read)} records
      {!whole && ", as far as could be counted in a few seconds; there may be more"}.
      {refused > 0 && (
        <>
          {" "}
          {to} would refuse {renderCount(refused)} of them:{" "}
          <SafeText text={lastRefusal ?? ""} max={300} />
        </>
      )}
    </p>
  );
}
