/** One of the streams side by side, with its filter, which runs in the gateway. */

import { useId, useState } from "preact/hooks";
import { DraftField } from "../../kit/draft-field.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { useMe } from "../../shell/session.ts";
import { hasKeys, pageOf, type StreamFilter, watchCommand } from "./source.ts";
import type { ShownStream } from "./streams-view.ts";
import { TailPane } from "./tail-pane.tsx";
import { useTail } from "./use-tail.ts";

export function StreamPane({
  stream: { source, after, filter },
  onPosition,
  onFilter,
  onRemove,
}: {
  readonly stream: ShownStream;
  readonly onPosition: (position: string) => void;
  readonly onFilter: (filter: StreamFilter) => void;
  readonly onRemove: () => void;
}) {
  const tail = useTail(source, after, { filter });
  const me = useMe();
  const isFiltered = (filter.where ?? filter.text) !== undefined;
  const [isOpen, setIsOpen] = useState(isFiltered);
  const filterId = useId();
  const { position } = tail.view;
  if (position !== undefined) onPosition(position);
  const label = `${source.kind} ${source.name}`;
  return (
    <section class="pane" aria-label={label}>
      <div class="pane-head">
        <h2>
          <span class="kind">{source.kind}</span>{" "}
          <a href={pageOf(source)}>
            <SafeText text={source.name} max={80} />
          </a>
        </h2>
        <div class="buttons">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={filterId}
            onClick={() => setIsOpen(!isOpen)}
          >
            Filter
          </button>
          <button type="button" aria-label={`Remove ${label}`} onClick={onRemove}>
            ×
          </button>
        </div>
      </div>
      {isOpen && (
        <div id={filterId} class="filters" role="group" aria-label={`Filter of ${label}`}>
          <DraftField
            label="Text"
            name="text"
            value={filter.text}
            onTake={(text) => onFilter({ ...filter, text })}
          />
          <DraftField
            label="Where (CEL)"
            name="where"
            value={filter.where}
            wide
            placeholder="value.total > 10.0"
            onTake={(where) => onFilter({ ...filter, where })}
          />
        </div>
      )}
      <TailPane
        tail={tail}
        label={label}
        showKeys={hasKeys(source)}
        empty={
          isFiltered ? (
            <p>
              Nothing has passed the filter yet. It began with the newest events; older ones are
              searched on the page of a topic.
            </p>
          ) : (
            <>
              <p>Nothing yet. The same in a shell:</p>
              <code>{watchCommand(source, me?.closed === true)}</code>
            </>
          )
        }
      />
    </section>
  );
}
