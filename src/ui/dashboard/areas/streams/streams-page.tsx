/** Several streams side by side, over the one socket of the tab. The address names them. */

import { useRef, useState } from "preact/hooks";
import { gatewayUrl } from "../../../root.ts";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Empty } from "../../kit/empty.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo, setQuery, usePlace } from "../../shell/place.ts";
import { mayAny, useMe } from "../../shell/session.ts";
import { type Kind, kinds, parsePlaced, type Placed, printPlaced, resourceOf } from "./source.ts";
import { StreamPane } from "./stream-pane.tsx";
import {
  queryFromStreams,
  type ShownStream,
  streamsFromQuery,
  streamsMax,
  uniqueByName,
} from "./streams-view.ts";
import { nothingFiltered } from "./tail.ts";

export function Page() {
  const { query } = usePlace();
  const { shown, wrong } = streamsFromQuery(query);
  /** Where each stream is, for the link. */
  const positions = useRef(new Map<string, string>());
  const set = (next: readonly ShownStream[]) =>
    setQuery(queryFromStreams(next), { replace: false });
  const link = () => {
    const placed = shown.map((one) => ({
      ...one,
      after: positions.current.get(printPlaced(one.source)) ?? one.after,
    }));
    return new URL(hrefTo("/streams", queryFromStreams(placed)), location.href).href;
  };

  return (
    <div class="page streams">
      <div class="page-head">
        <h1>Streams</h1>
        {shown.length > 0 && <CopyButton label="Copy link to these positions" text={link} />}
      </div>
      <AddForm
        isFull={shown.length >= streamsMax}
        onAdd={(added) => set(uniqueByName([...shown, { ...added, filter: nothingFiltered }]))}
      />
      {wrong.map((text) => (
        <p key={text} class="failure" role="alert">
          Nothing can be watched by the name “<SafeText text={text} max={100} />
          ”: expected {kinds.join(":…, ")}:…
        </p>
      ))}
      {shown.length === 0 && (
        <Empty
          title="Watch several streams side by side"
          command={`curl ${gatewayUrl("/v1/topics/orders/records").href} -d '{"hello":"world"}'`}
        >
          <p>
            Topics, emitters, series, lifecycles and what gets overdue, each live with its own
            pause. Add one above; the address keeps them. This appends to the topic “orders”:
          </p>
        </Empty>
      )}
      <div class={`panes panes-${Math.min(shown.length, 4)}`}>
        {shown.map((stream) => (
          <StreamPane
            key={printPlaced(stream.source, stream.after)}
            stream={stream}
            onPosition={(at) => positions.current.set(printPlaced(stream.source), at)}
            onFilter={(filter) =>
              set(shown.map((one) => (one === stream ? { ...one, filter } : one)))
            }
            onRemove={() => set(shown.filter((one) => one !== stream))}
          />
        ))}
      </div>
    </div>
  );
}

function AddForm({
  isFull,
  onAdd,
}: {
  readonly isFull: boolean;
  readonly onAdd: (placed: Placed) => void;
}) {
  const me = useMe();
  const allowed = kinds.filter((kind) => mayAny(me, resourceOf[kind]));
  const [kind, setKind] = useState<Kind>(allowed[0] ?? "topic");
  const [name, setName] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const placed = parsePlaced(`${kind}:${name}`);
    if (placed === undefined) return;
    setName("");
    onAdd(placed);
  };
  return (
    <form class="filters" onSubmit={submit}>
      <label>
        Kind
        <select
          value={kind}
          onChange={({ currentTarget: { value } }) =>
            setKind(kinds.find((one) => one === value) ?? "topic")
          }
        >
          {allowed.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label>
        Name
        <input
          value={name}
          spellcheck={false}
          autocomplete="off"
          placeholder={placeholders[kind]}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={name === "" || isFull}>
        Watch
      </button>
    </form>
  );
}

const placeholders: Readonly<Record<Kind, string>> = {
  topic: "orders, or orders/key",
  emitter: "web-1",
  series: "boiler-7",
  message: "order-4711",
  app: "shop",
  rule: "paid-orders",
};
