/** A field that finds series by a part of their tag, and adds one to the plot. */

import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../../../http.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { type ListedSeries, listSeries } from "./list.ts";

const waitMs = 200;
const foundMax = 12;

export function AddSeries({ add }: { readonly add: (tag: string) => void }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly ListedSeries[]>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    setFailure(undefined);
    if (text === "") {
      setFound(undefined);
      return undefined;
    }
    const turn = new AbortController();
    const timer = setTimeout(() => {
      listSeries({ q: text, limit: foundMax }, turn.signal).then(
        ({ series }) => {
          if (!turn.signal.aborted) setFound(series);
        },
        (error: unknown) => {
          if (!turn.signal.aborted) setFailure(messageOf(error));
        },
      );
    }, waitMs);
    return () => {
      clearTimeout(timer);
      turn.abort();
    };
  }, [text]);

  return (
    <div class="add-series filters">
      <label>
        <span>Add a series</span>
        <input
          type="search"
          value={text}
          spellcheck={false}
          placeholder="A part of its tag"
          onInput={({ currentTarget: { value } }) => setText(value)}
        />
      </label>
      <div class="buttons" role="group" aria-label="Series that were found" aria-live="polite">
        {found?.map(({ tag }) => (
          <button
            key={tag}
            type="button"
            onClick={() => {
              add(tag);
              setText("");
            }}
          >
            <SafeText text={tag} max={60} />
          </button>
        ))}
        {found?.length === 0 && <span class="about">No series that you may read has this.</span>}
        {failure !== undefined && <span class="failure">{failure}</span>}
      </div>
    </div>
  );
}
