/** The jobs that send records of this topic to others, with their progress. */

import { useCallback } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderCount } from "../../../format.ts";
import { useWork, WorkButton } from "../../../work.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Time } from "../../kit/time.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { may, useMe } from "../../shell/session.ts";
import { changeCopy, type Copy, listCopies } from "./copies-api.ts";

const everyMs = 2000;

export function Copies({ topic }: { readonly topic: string }) {
  const send = useCallback(() => listCopies(topic), [topic]);
  const { answer: copies, refresh } = usePolled(send, everyMs);
  if (copies === undefined || copies.length === 0) return null;
  return (
    <section aria-labelledby="copies-title">
      <h2 id="copies-title">Sent again from here</h2>
      {copies.map((copy) => (
        <Job key={copy.copy} copy={copy} onChange={refresh} />
      ))}
    </section>
  );
}

function Job({ copy, onChange }: { readonly copy: Copy; readonly onChange: () => void }) {
  const me = useMe();
  const work = useWork();
  const { state, to, sent, matched, read, refused, rate } = copy;
  const isOpen = state === "running" || state === "paused" || state === "failed";
  const change = (next: "running" | "paused" | "cancelled") => async () => {
    await changeCopy(copy.copy, next);
    onChange();
  };
  return (
    <article class="card copy-job" aria-label={`Copy ${copy.copy}`}>
      <p>
        <strong>
          to <a href={hrefTo(`/topics/${segment(to)}`)}>{to}</a>
        </strong>{" "}
        <span class={`badge ${state === "running" ? "live" : "paused"}`}>{state}</span>{" "}
        <span class="about">
          {copy.copy}, begun <Time of={copy.created_at} />, at most {renderCount(rate)}/s
        </span>
      </p>
      <p role="status">
        {renderCount(sent)} sent, {renderCount(refused)} refused, {renderCount(matched)} found among{" "}
        {renderCount(read)} that were read, up to <code>{copy.position}</code> of{" "}
        <code>{copy.until}</code>
      </p>
      {copy.last_refusal !== null && (
        <p class="about">
          Last refusal: <SafeText text={copy.last_refusal} max={300} />
        </p>
      )}
      {copy.failure !== null && <ErrorMessage text={copy.failure} />}
      <ErrorMessage text={work.failure} />
      {isOpen && may(me, "append", `topic:${to}`) && (
        <div class="buttons">
          <WorkButton work={work} onPress={change(state === "running" ? "paused" : "running")}>
            {state === "running" ? "Pause" : "Resume"}
          </WorkButton>
          <WorkButton work={work} class="danger" onPress={change("cancelled")}>
            Cancel the rest
          </WorkButton>
        </div>
      )}
    </article>
  );
}
