/** The page: the node at the top, the lists on the left, the selected stream on the right. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { type Me, readMe } from "../me.ts";
import { gatewayUrl } from "../root.ts";
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
  const me = useMe();
  const [target, setTarget] = useState<Target | undefined>(() => parseHash(location.hash));
  const status = usePolled(readStatus, statusMs);
  const topics = usePolled(listTopics, listMs);
  // Raised when an emitter was ended, so that the list is refreshed at once.
  const [changes, setChanges] = useState(0);
  const onEnd = useCallback(() => setChanges((count) => count + 1), []);

  useEffect(() => {
    const onHashChange = () => setTarget(parseHash(location.hash));
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  useEffect(() => {
    document.title = target === undefined ? "Sluice" : `${target.name} · Sluice`;
  }, [target]);

  return (
    <>
      <NodeBar status={status.answer} failure={status.failure} me={me} />
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
              <h2>Nothing is selected yet</h2>
              <p>
                Choose an emitter or a topic, or create an emitter: its guest, which is simulated
                traffic, starts writing at once.
              </p>
            </div>
          ) : (
            <StreamView key={`${target.kind}/${target.name}`} target={target} onEnd={onEnd} />
          )}
        </section>
      </main>
    </>
  );
}

/** Who uses the page; those who may do nothing are sent to the login. */
function useMe(): Me | undefined {
  const [me, setMe] = useState<Me>();
  useEffect(() => {
    readMe().then(
      (found) => {
        if (found.closed && found.grants.length === 0) location.replace(gatewayUrl("/login"));
        else setMe(found);
      },
      // The status shows that the gateway does not answer.
      () => {},
    );
  }, []);
  return me;
}
