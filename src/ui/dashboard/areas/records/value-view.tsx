/** A value: decoded as a tree, as text, or as bytes; a large one in slices. */

import { useEffect, useState } from "preact/hooks";
import { lossyTextFromUtf8 } from "../../../../core/utf8.ts";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderBytes, renderCount } from "../../../format.ts";
import { messageOf } from "../../../http.ts";
import { offWhile } from "../../../work.tsx";
import { JsonTree } from "../../kit/json-tree.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { bytesFromBase64, hexLines, type RecordRow, textFromBytes } from "./record.ts";
import { readSlice, type Slice, sliceBytes } from "./value.ts";
import { type RecordsView, type ValueView as View, valueViews } from "./view.ts";

export function ValueView({
  topic,
  row,
  view,
}: {
  readonly topic: string;
  readonly row: RecordRow;
  readonly view: RecordsView;
}) {
  const [shown, setShown] = useState<View>(view.view);
  const isWhole = shown === "decoded" && !row.isCut;
  return (
    <div class="value-view">
      <div class="tabs" role="group" aria-label="How the value is shown">
        {valueViews.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === shown}
            onClick={() => setShown(each)}
          >
            {each === "hex" ? "hex + ASCII" : each}
          </button>
        ))}
      </div>
      {row.issue !== undefined && shown === "decoded" && (
        <p class="failure">
          Not decoded: <SafeText text={row.issue} max={500} />
        </p>
      )}
      {isWhole ? (
        <Decoded row={row} />
      ) : (
        <Slices key={shown} topic={topic} row={row} view={view} shown={shown} />
      )}
    </div>
  );
}

function Decoded({ row }: { readonly row: RecordRow }) {
  if (row.size === 0) return <p class="look-none">0 bytes</p>;
  if (!row.isBytes) return <JsonTree text={row.value} />;
  const bytes = bytesFromBase64(row.value);
  const text = textFromBytes(bytes);
  if (text !== undefined) return <Text text={text} />;
  return (
    <>
      <p class="about">Bytes that are neither JSON nor text, and name no schema.</p>
      <Text text={hexLines(bytes.subarray(0, sliceBytes)).join("\n")} />
    </>
  );
}

function Text({ text }: { readonly text: string }) {
  return (
    <pre class="json-text">
      <SafeText text={text} max={400_000} />
    </pre>
  );
}

function Slices({
  topic,
  row,
  view,
  shown,
}: {
  readonly topic: string;
  readonly row: RecordRow;
  readonly view: RecordsView;
  readonly shown: View;
}) {
  const [offset, setOffset] = useState(0);
  const [slice, setSlice] = useState<Slice>();
  const [failure, setFailure] = useState<string>();
  const isDecoded = shown === "decoded" && row.schema !== undefined && row.issue === undefined;
  const { position } = row;
  const { key } = view;
  useEffect(() => {
    const leaving = new AbortController();
    readSlice({ topic, position, key, offset, isDecoded }, leaving.signal).then(
      (read) => {
        setSlice(read);
        setFailure(undefined);
      },
      (error: unknown) => {
        if (!leaving.signal.aborted) setFailure(messageOf(error));
      },
    );
    return () => leaving.abort();
  }, [topic, position, key, offset, isDecoded]);

  if (slice === undefined) return <ErrorMessage text={failure} />;
  const { bytes, total } = slice;
  const end = slice.offset + bytes.length;
  return (
    <>
      <ErrorMessage text={failure} />
      {total > sliceBytes && (
        <div class="buttons slices">
          <p class="about" role="status">
            Bytes {renderCount(slice.offset)} to {renderCount(end)} of {renderBytes(total)}; the
            rest is not shown
          </p>
          <button
            type="button"
            {...offWhile(offset === 0, () => setOffset(Math.max(0, offset - sliceBytes)))}
          >
            Before
          </button>
          <button type="button" {...offWhile(end >= total, () => setOffset(end))}>
            After
          </button>
        </div>
      )}
      {total === 0 && <p class="look-none">0 bytes</p>}
      {total > 0 && (
        <Text
          text={
            shown === "hex" ? hexLines(bytes, slice.offset).join("\n") : lossyTextFromUtf8(bytes)
          }
        />
      )}
    </>
  );
}
