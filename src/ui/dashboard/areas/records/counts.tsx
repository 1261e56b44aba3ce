/** What was read, what the list shows, what the filter passed over, and what is gone: as numbers. */

import { renderCount } from "../../../format.ts";
import { Time } from "../../kit/time.tsx";
import type { ReaderState } from "./reader.ts";

export function CountsLine({
  state,
  isSearch,
  newer,
}: {
  readonly state: ReaderState;
  readonly isSearch: boolean;
  /** Rows below a reader who has scrolled away. */
  readonly newer: number;
}) {
  const { counts, rows } = state;
  const drawn = rows.filter(({ kind }) => kind === "record").length;
  return (
    <p class="about record-counts" data-received={counts.received} data-passed={counts.passed}>
      <span>{renderCount(counts.received)} received</span>
      <span>{renderCount(drawn)} in the list</span>
      {counts.released > 0 && <span>{renderCount(counts.released)} no longer in the list</span>}
      {isSearch && <span>{renderCount(counts.passed)} passed over by the filter</span>}
      {counts.undecodable > 0 && (
        <span>{renderCount(counts.undecodable)} could not be decoded</span>
      )}
      {counts.failed > 0 && (
        <span title={counts.failure}>
          {renderCount(counts.failed)} without an answer ({counts.failure})
        </span>
      )}
      <span class={counts.gaps > 0 ? "bad" : ""}>
        {counts.gaps === 1 ? "1 gap" : `${renderCount(counts.gaps)} gaps`}
      </span>
      {newer > 0 && <span>{renderCount(newer)} newer below</span>}
    </p>
  );
}

/** "Searched 81,000 of about 100,000, back to 10:02:11; continue or stop". */
export function SearchLine({
  state,
  onStop,
  onGoOn,
}: {
  readonly state: ReaderState;
  readonly onStop: () => void;
  readonly onGoOn: () => void;
}) {
  const { counts, loading, oldest, newest, hasEarlier, hasLater } = state;
  const hasMore = hasEarlier || hasLater;
  const edge = hasLater ? newest : oldest;
  return (
    <div class="search-line">
      <p role="status">
        {loading !== undefined && "Searching: "}
        searched {renderCount(counts.scanned)} of about{" "}
        {renderCount(Math.max(counts.kept, counts.scanned))}
        {edge !== undefined && (
          <>
            , {hasLater ? "up to" : "back to"} <Time of={edge} />
          </>
        )}
        ; {renderCount(counts.received)} found
        {loading === undefined && hasMore && counts.received === 0 && " so far"}
      </p>
      <progress value={counts.scanned} max={Math.max(counts.kept, counts.scanned, 1)}>
        {counts.scanned} of {counts.kept}
      </progress>
      {loading !== undefined && (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      )}
      {loading === undefined && hasMore && (
        <button type="button" onClick={onGoOn}>
          Search on
        </button>
      )}
    </div>
  );
}
