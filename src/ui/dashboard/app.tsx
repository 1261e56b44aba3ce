/** The page: the node at the top, what there is on the left, what is looked at on the right. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { Emitters } from "./emitters.tsx";
import { listTopics, readStatus } from "./gateway.ts";
import { NodeBar } from "./node-bar.tsx";
import { usePolled } from "./poll.ts";
import { StreamView } from "./stream-view.tsx";
import { parseHash, type Target } from "./target.ts";
import { Topics } from "./topics.tsx";

const statusMs = 2000;
const listMs = 5000;

export function App() {
  const [target, setTarget] = useState<Target | undefined>(() => parseHash(location.hash));
  const status = usePolled(readStatus, statusMs);
  const topics = usePolled(listTopics, listMs);
  // Raised when an emitter was made or ended, so that the list follows at once.
  const [changes, setChanges] = useState(0);
  const changed = useCallback(() => setChanges((count) => count + 1), []);

  useEffect(() => {
    const moved = () => setTarget(parseHash(location.hash));
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => {
    document.title = target === undefined ? "Sluice" : `${target.name} · Sluice`;
  }, [target]);

  return (
    <>
      <NodeBar status={status.answer} failure={status.failure} />
      <main class={target === undefined ? "" : "has-target"}>
        <nav aria-label="Emitters and topics">
          <Emitters
            selected={target?.kind === "emitter" ? target.name : undefined}
            changes={changes}
          />
          <Topics
            topics={topics.answer}
            failure={topics.failure}
            selected={target?.kind === "topic" ? target.name : undefined}
          />
        </nav>
        <section class="stream" aria-label="Events">
          {target === undefined ? (
            <div class="welcome">
              <h2>Nothing is watched yet</h2>
              <p>
                Choose an emitter or a topic, or make an emitter: a guest begins to write at once.
              </p>
            </div>
          ) : (
            <StreamView key={`${target.kind}/${target.name}`} target={target} ended={changed} />
          )}
        </section>
      </main>
    </>
  );
}
